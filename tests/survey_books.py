"""Owns the smallest whole survey: partners, people of both sides, one campaign; and the same behind a server, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.house import open_house
from forms_server.survey_store import SurveyStore
from forms_server.surveys import Surveys
from tests.forms.conftest import fields
from tests.requirement_books import Scene
from tests.selection_books import Rows, built

SV = "SV-0001"
MARKS = {"goals": "4", "communication": "5", "problem_solving": "na", "delivery": "3", "mutuality": "2"}
SIDES = ("them", "us")


def person(number: int, partner: int, side: str, **more: Any) -> dict[str, Any]:
    return {
        "participant": f"PP-{number:04d}", "person": f"参与人{number}", "partner": f"P-{partner:04d}", "side": side,
        "email": f"pp{number}@example.com", "status": "active", **more,
    }  # fmt: skip


def survey_rows(sizes: dict[tuple[int, str], int], way: str = "anonymous", **more: Any) -> Rows:
    """A running survey; `sizes` says how many people of which side each partner has."""
    people: list[dict[str, Any]] = []
    for (partner, side), size in sizes.items():
        people += [person(len(people) + 1 + n, partner, side) for n in range(size)]
    partners = sorted({partner for partner, _ in sizes})
    return {
        "settings": [{"setting": "公司名称", "value": "示例"}],
        "partners": [{"partner": f"P-{n:04d}", "legal_name": f"伙伴{n}有限公司", "status": "active"} for n in partners],
        "participants": people,
        "campaigns": [{
            "campaign": SV, "title": "年度满意度", "occasion": "yearly", "way": way, "status": "open", "handler": "王珂",
            **more,
        }],
    }  # fmt: skip


def survey_scene(folder: Path, sizes: dict[tuple[int, str], int], way: str = "anonymous", **more: Any) -> Scene:
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(built(survey_rows(sizes, way, **more)).to_bytes())
    house = open_house(path, folder / "data")
    house.delivery.run()
    return Scene(house)


def surveys(small: Scene) -> Surveys:
    """The surveys of a scene, as a command opens them."""
    return Surveys(small.house.inbox, SurveyStore(small.house.data, small.house.secret))


def links(small: Scene, renew: str = "") -> dict[str, str]:
    """Token by participant: what one call of `invite` gives."""
    found = {one.participant: one.token for one in surveys(small).invite(SV, renew) if one.token}
    small.house.delivery.run()
    return found


def answer(client: FlaskClient, token: str, **more: str) -> TestResponse:
    """Open the page of a link and send an anonymous answer."""
    page = fields(client.get(f"/i/{token}"))
    return client.post(f"/i/{token}/answer", data={"csrf_token": page["csrf_token"], **MARKS, "consent": "yes", **more})


def close(small: Scene) -> None:
    """Staff end the survey and save."""
    small.staff("campaigns", "调查编号", {SV: {"状态": "已截止"}})
