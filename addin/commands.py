"""Owns the command `embed`: our code in a workbook for xlwings Lite. Light to import: what it needs is imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbook.console import as_json, reports
from workbook.errors import PartnerBookError


class OtherCode(PartnerBookError):
    """The workbook holds code for xlwings Lite that we did not make, or that somebody changed."""

    def __init__(self, name: str, lines: int):
        super().__init__(
            f"{name} 里已有 xlwings Lite 的代码（main.py，{lines} 行），不是 partnerbook embed 生成的原样，没有改动。"
            "请先在 Excel 的 xlwings Lite 里把要留的代码另存；确定不要了，再加 --replace。"
        )


class FileThere(PartnerBookError):
    """A file of that name stands in the folder and holds something else."""

    def __init__(self, path: Path):
        super().__init__(f"{path} 已经存在，内容不同，没有覆盖。请换一个文件夹，或先把它移走。")


class FolderRefused(PartnerBookError):
    """The folder cannot be written."""

    def __init__(self, path: Path, why: str):
        super().__init__(f"写不了 {path}（{why}）。请检查文件夹是否存在、是否有权限。")


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@click.option("--remove", is_flag=True, help="从工作簿里去掉代码。/ Take the code out of the workbook.")
@click.option("--show", is_flag=True, help="只看工作簿里有什么代码，不改动。/ Only tell what code is there.")
@click.option(
    "--replace", is_flag=True, help="换掉（或去掉）不是这里生成的代码。/ Also replace or remove code made elsewhere."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="另存 main.py 和 requirements.txt，供粘贴到 xlwings Lite；工作簿不动。/ Save the code to paste it by hand.",
)
@as_json
@reports
def embed(book: Path, remove: bool, show: bool, replace: bool, output: Path | None) -> dict[str, Any]:
    """把加载项的代码放进工作簿，供 xlwings Lite 运行。/ Put the add-in's code into the workbook for xlwings Lite.

    用法：在 Excel（Windows、macOS 或网页版）里安装商店中的 xlwings Lite，打开这本工作簿，从“开始”选项卡打开 xlwings Lite。
    服务器地址和令牌写在 xlwings Lite 的本机环境变量 PARTNERBOOK_SERVER 和 PARTNERBOOK_TOKEN 里，不进工作簿。
    """
    from workbook import store
    from workbook.identity import must_be_ours
    from workbook.ooxml import Book

    if remove + show + (output is not None) > 1 or (replace and (show or output)):
        raise click.UsageError("--remove、--show、-o 只能选一个；--replace 只和放入或 --remove 一起用。")
    snapshot = store.read(book)
    must_be_ours(Book.read(snapshot.data), snapshot.path.name)
    if show:
        return _shown(snapshot)
    if output is not None:
        return _saved(output)
    return _changed(snapshot, remove, replace)


def _changed(snapshot: Any, remove: bool, replace: bool) -> dict[str, Any]:
    """Put the code in or take it out; the file is written only if that changes it, and the old one is kept."""
    from addin import bundle, embedding
    from workbook import store

    name = snapshot.path.name
    before = _present(snapshot.data, replace)
    if before and not replace and not bundle.is_ours(before[0]):
        raise OtherCode(name, before[0].count("\n") + 1)
    if remove:
        after, done = embedding.remove(snapshot.data), f"✓ 已从 {name} 里去掉 xlwings Lite 的代码"
    else:
        code = bundle.bundle()
        after = embedding.embed(snapshot.data, code, bundle.requirements())
        done = f"✓ 代码已放进 {name}（main.py {len(code) // 1024} KiB）。在 Excel 里打开它，再从“开始”选项卡打开 xlwings Lite。"
    result: dict[str, Any] = {"book": snapshot.path, "changed": after != snapshot.data, "warnings": []}
    if not result["changed"]:
        nothing = "没有 xlwings Lite 的代码" if remove else "的代码已是最新"
        return {**result, "text": f"{name} {nothing}，没有改动。"}
    store.check_free(snapshot.asked or snapshot.path)
    warnings = store.replace(snapshot, after).warnings
    return {**result, "warnings": list(warnings), "text": "\n".join([done, *(f"  注意：{one}" for one in warnings)])}


def _present(data: bytes, replace: bool) -> tuple[str, str] | None:
    """The code that is there; what cannot be read counts as none for someone who wants it replaced anyway."""
    from addin import embedding

    try:
        return embedding.embedded(data)
    except embedding.CodeUnreadable:
        if not replace:
            raise
        return None


def _shown(snapshot: Any) -> dict[str, Any]:
    from addin import bundle, embedding

    name, present = snapshot.path.name, embedding.embedded(snapshot.data)
    if present is None:
        return {"book": snapshot.path, "embedded": False, "text": f"{name} 里没有 xlwings Lite 的代码。"}
    code, requirements = present
    ours, newest = bundle.is_ours(code), code == bundle.bundle() and requirements == bundle.requirements()
    if newest:
        told = "与这个版本的 partnerbook 一致"
    else:
        told = "是另一个版本生成的，运行 partnerbook embed 更新" if ours else "不是 partnerbook embed 生成的原样"
    lines = [
        f"{name} 里有 xlwings Lite 的代码（main.py，{code.count(chr(10)) + 1} 行）：{told}。",
        "  requirements.txt：",
    ]
    lines += [f"    {line}" for line in requirements.splitlines()]
    return {
        "book": snapshot.path, "embedded": True, "ours": ours, "newest": newest, "code": code,
        "requirements": requirements, "text": "\n".join(lines),
    }  # fmt: skip


def _saved(folder: Path) -> dict[str, Any]:
    """The two texts as files, for the editor of Lite; a file that holds something else stays."""
    from addin import bundle

    texts = {folder / "main.py": bundle.bundle(), folder / "requirements.txt": bundle.requirements()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            if path.exists() and path.read_bytes() != text.encode():
                raise FileThere(path)
        for path, text in texts.items():
            path.write_bytes(text.encode())
    except OSError as error:
        raise FolderRefused(folder, error.strerror or str(error)) from error
    files = [str(path) for path in texts]
    return {"files": files, "text": "✓ 已另存 " + "、".join(files) + "，请分别粘贴到 xlwings Lite 的两个标签页里。"}
