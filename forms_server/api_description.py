"""Owns the description of `/api/v1`: each operation with what goes in and comes out, and the OpenAPI document made of it.

The same schemas check what comes in (`checked`), so that the document cannot promise what the server refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

from forms_server.pulling import MOST
from workbook.errors import PartnerBookError

Schema = Mapping[str, Any]
BIGGEST = 2**31 - 1  # of what the database counts with


class BadBody(PartnerBookError):
    """What a program sent is not what the description asks for."""

    def __init__(self, what: str):
        super().__init__(f"请求的内容不合接口说明：{what}。说明在 /api/v1/openapi.json。")


def _object(needed: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object", "properties": {**needed, **(optional or {})}, "required": list(needed),
        "additionalProperties": False,
    }  # fmt: skip


def _array(items: Schema, most: int = 100_000) -> Schema:
    return {"type": "array", "items": items, "maxItems": most}


def _pair(second: Schema) -> Schema:
    return {"type": "array", "prefixItems": [COUNT, second], "minItems": 2, "maxItems": 2}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


GENERATION: Schema = {"type": "integer", "minimum": 0, "maximum": 10**9}  # with room for those that follow
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": BIGGEST}
TEXT: Schema = {"type": "string"}
UUID: Schema = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ANYTHING: Schema = {"type": "object"}
VERSION: Schema = _object({
    "seq": COUNT, "id": UUID, "version": {"type": "integer", "minimum": 1}, "table": TEXT,
    "values": {"type": "object", "description": "JSON values by column name, as the form sent them"},
    "received_at": MOMENT, "state": TEXT, "generation": _or_null(COUNT), "row_key": _or_null(TEXT),
})  # fmt: skip
CLAIM: Schema = _object({
    "pull": UUID, "submissions": _array(VERSION),
    "lineage": {**_array(_pair(COUNT)), "description": "spans of generations that the copy went through"},
    "numbers": {"type": "object", "additionalProperties": COUNT, "description": "highest running number ever given, by table"},
    "more": COUNT, "held": COUNT, "elsewhere": COUNT, "generation_on_disk": _or_null(COUNT), "notice": _or_null(TEXT),
})  # fmt: skip
STATE: Schema = _object({
    "book": UUID, "counts": {"type": "object", "additionalProperties": COUNT}, "generation": COUNT,
    "generation_on_disk": _or_null(COUNT), "as_of": _or_null(MOMENT), "reason": _or_null(TEXT), "notice": _or_null(TEXT),
})  # fmt: skip
EVALUATION: Schema = _object({
    "as_of": MOMENT, "fingerprint": TEXT, "panels": _array(ANYTHING), "periods": _array(ANYTHING),
    "refused": {"type": "object", "additionalProperties": TEXT},
})  # fmt: skip
ERROR: Schema = _object({"error": _object({"code": TEXT, "message": TEXT})})


@dataclass(frozen=True)
class Operation:
    """One address and verb: what goes in, what comes out when it went well, and which refusals it knows of its own."""

    method: str
    path: str  # as Flask writes it
    name: str
    summary: str
    answer: Schema
    body: Schema | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    open: bool = False  # without a token

    @property
    def openapi_path(self) -> str:
        """The path as OpenAPI writes it."""
        return self.path.replace("<", "{").replace(">", "}")


LOST = {409: "PullLost: the pull ran out or is none; nothing may be written under it"}
OTHER = {409: "OtherBook: the open workbook is another one than this server's"}
OPERATIONS = (
    Operation(
        "POST", "/api/v1/pulls", "claim", "Lease the submissions that an open copy of the workbook lacks", CLAIM,
        _object({"book": UUID, "generation": GENERATION}, {"limit": {"type": "integer", "minimum": 1, "maximum": MOST}, "pull": {**UUID, "description": "chosen by the program: asking again under it is the same claim"}}), {409: OTHER[409] + "; PullLost: a pull of this id is over"},
    ),
    Operation(
        "POST", "/api/v1/pulls/<pull>/generation", "hand_out",
        "Hand out the generation under which these versions are about to be written; the same again gives the same",
        _object({"generation": COUNT}),
        _object({"generation": GENERATION, "rows": _array(_pair(TEXT))}, {"refused": _array(_pair(TEXT))}), LOST,
    ),
    Operation(
        "POST", "/api/v1/pulls/<pull>/placed", "placed", "The rows stand in the open copy", _object({"placed": COUNT}), _object({}), LOST,
    ),
    Operation(
        "POST", "/api/v1/pulls/<pull>/abandon", "abandon", "Nothing was written: the rows wait again", _object({"released": COUNT}),
        _object({}, {"reason": TEXT}), LOST,
    ),
    Operation(
        "POST", "/api/v1/saved", "saved", "These submissions stand in the file that was just saved", _object({"confirmed": COUNT}),
        _object({"book": UUID, "generation": GENERATION, "ids": _array(UUID)}), OTHER,
    ),
    Operation("GET", "/api/v1/state", "state", "Where delivery stands", STATE),
    Operation("GET", "/api/v1/evaluation", "evaluation", "The official numbers, evaluated anew from the file on disk", EVALUATION),
    Operation("GET", "/api/v1/openapi.json", "openapi", "This description", ANYTHING, open=True),
)  # fmt: skip
BY_NAME = {operation.name: operation for operation in OPERATIONS}
SHARED = {
    400: "BadBody: not what this description asks for", 401: "TokenRefused", 403: "ScopeMissing: the token may not pull",
    429: "TooManyGuesses: wait for Retry-After seconds", 503: "not now: wait for Retry-After seconds",
}  # fmt: skip


@cache
def _check(name: str) -> Any:
    import fastjsonschema

    body = BY_NAME[name].body
    assert body is not None
    return fastjsonschema.compile(dict(body), use_default=False, use_formats=False)


def checked(name: str, body: object) -> dict[str, Any]:
    """The body of an operation, if it is what the description asks for.

    Raises:
        BadBody: naming the place.
    """
    import fastjsonschema

    try:
        found: dict[str, Any] = _check(name)(body)
    except fastjsonschema.JsonSchemaValueException as error:
        raise BadBody(
            f"{str(error.name).replace('data', 'body', 1)} 不符合 {error.rule}: {error.rule_definition}"
        ) from error
    return found


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.openapi_path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PartnerBook 伙伴簿", "version": version("partnerbook"), "license": {"name": "MIT", "identifier": "MIT"},
            "description": "Between the server of the forms and a workbook that is open. The token is a finance-style token with the scope `pull`, sent as Basic: its id as the user, the token as the password.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"token": []}],
    }  # fmt: skip


def _described(operation: Operation) -> dict[str, Any]:
    refusals = {} if operation.open else {**SHARED, **operation.refusals}
    if operation.body is None:
        refusals.pop(400, None)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": operation.answer}}},
            **{str(code): _refusal(words) for code, words in refusals.items()},
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    if "<pull>" in operation.path:
        described["parameters"] = [{"name": "pull", "in": "path", "required": True, "schema": UUID}]
    if operation.open:
        described["security"] = []
    return described


def _refusal(words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
