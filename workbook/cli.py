"""Owns the command group `partnerbook`; other houses add theirs through the entry-point group `partnerbook.commands`.

Imports are inside the commands: `partnerbook --help` loads nothing that it does not need.
"""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import click

from workbook.console import as_json, reports, speak_utf8, working
from workbook.export_commands import export

ORDER = (
    "demo", "new", "adopt", "serve", "deliver", "invite", "message", "token", "evaluate", "freeze", "diff", "check", "minutes", "survey-letter", "evidence", "state", "contract", "onboard", "stoppage", "backup", "drill", "trace",
    "fingerprint", "append", "import-budget", "verify", "rebuild", "restore",
    "upgrade", "doctor", "embed", "macros",
)  # fmt: skip


class Commands(click.Group):
    """Our own commands, and those of the other houses, loaded when they are called or listed."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Before anything is said, help and wrong usage too, the console is told what we speak."""
        speak_utf8()
        return super().make_context(*args, **more)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people meet them."""
        names = {*super().list_commands(ctx), *(e.name for e in entry_points(group="partnerbook.commands"))}
        return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Ours first; an entry point never replaces one of them."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for entry in entry_points(group="partnerbook.commands", name=cmd_name):
            loaded: click.Command = entry.load()
            return loaded
        return None


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"partnerbook {version('partnerbook')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="显示版本。/ Show the version.",
)
def main() -> None:
    """伙伴簿 PartnerBook：合作伙伴的选择、协作、绩效与风险，记在一本 Excel 工作簿里。

    第一次使用请运行 partnerbook demo。 / New here? Run `partnerbook demo`.
    """


BOOK = click.argument("book", type=click.Path(path_type=Path))


@main.command()
@BOOK
@click.option("--sample", is_flag=True, help="装入示例数据。/ Fill in sample data.")
@click.option("--seed", type=int, default=1, show_default=True, help="示例数据的随机种子。/ Seed of the sample.")
@click.option(
    "--lang",
    type=click.Choice(["zh-CN", "en"]),
    default="zh-CN",
    show_default=True,
    help="表头语言。/ Language of the headers.",
)
@as_json
@reports
def new(book: Path, sample: bool, seed: int, lang: str) -> dict[str, Any]:
    """建一本新的工作簿。/ Build a new workbook."""
    from workbook import store

    with working("正在建工作簿…"):
        from workbook.build import new_workbook

        rows = None
        if sample:
            from workbook.sample import sample_rows

            rows = sample_rows(seed)
        data = new_workbook(lang=lang, rows=rows)
        if sample:
            from workbook.evaluating import evaluated

            data = evaluated(data)
        path = store.create(_with_suffix(book), data)
    return {"book": str(path), "text": f"✓ 已建 {path}\n  下一步：partnerbook serve {path}"}


def _with_suffix(book: Path) -> Path:
    if book.suffix.lower() in (".xlsm", ".xltx", ".xltm", ".xlsb", ".xls"):
        raise click.UsageError(f"新工作簿是 .xlsx，不能存成 {book.suffix}：Excel 会拒绝打开。请换成 {book.stem}.xlsx。")
    return book if book.suffix.lower() == ".xlsx" else book.with_name(book.name + ".xlsx")


@main.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.option("-o", "--output", "book", type=click.Path(path_type=Path), help="新工作簿；不写就只预览。/ The new book.")
@click.option("--mapping", type=click.Path(path_type=Path), help="改好的映射文件。/ A mapping that you edited.")
@click.option("--preview", is_flag=True, help="只写映射文件，不建工作簿。/ Write the mapping only, no book.")
@click.option(
    "--lang",
    type=click.Choice(["zh-CN", "en"]),
    default="zh-CN",
    show_default=True,
    help="表头语言。/ Language of the headers.",
)
@as_json
@reports
def adopt(old: Path, book: Path | None, mapping: Path | None, preview: bool, lang: str) -> dict[str, Any]:
    """把公司自己的供应商名录或评分表导入一本新工作簿。/ Bring your own supplier list or scoring sheet in.

    OLD 可以是 xlsx、xlsm、xlsb、xls、ods 或 csv，只读不写。怎样对应写在 BOOK.mapping.json 里，可以改了再用 --mapping 给回来；
    每一行的去向写在 BOOK.adopted.json 里。
    """
    with working(f"正在读取 {old.name}…"):
        from workbook.adopting.adopt import adopt_file
        from workbook.adopting.show import as_text

        target = _with_suffix(book) if book else None
        done = adopt_file(old, target, mapping_file=mapping, preview=preview, lang=lang)
    files = {"book": done.book, "mapping": done.mapping_file, "report": done.report_file}
    paths = {name: str(path) if path else None for name, path in files.items()}
    return {**done.as_data(), **paths, "text": as_text(done)}


@main.command()
@BOOK
@click.option("--period", default="", metavar="2026Q3", help="只看一个考核周期。/ Show one period only.")
@click.option(
    "--rules",
    default="",
    metavar="p2",
    help="用另一个规则版本试算这个周期，不写入。/ Try other rules on it; writes nothing.",
)
@as_json
@reports
def evaluate(book: Path, period: str, rules: str) -> dict[str, Any]:
    """给候选和伙伴算分、排名，写进结果表。/ Score candidates and partners, and write the result tables."""
    if rules and not period:
        raise click.UsageError("--rules 要和 --period 一起写：试算哪个考核周期？")
    if period:
        return _evaluate_period(book, period, rules.strip())
    with working("正在评估…"):
        from workbook.evaluating import as_data, as_lines, evaluate_file
        from workbook.measuring import as_data as measured_data

        found = evaluate_file(book)
    refused = {**found.refused, **found.measured.refused}
    return {
        "ok": not refused, "book": str(book), "changed": found.changed, "panels": as_data(found),
        "periods": measured_data(found.measured), "refused": refused, "warnings": list(found.warnings),
        "text": "\n".join([*as_lines(found), *(f"  注意：{one}" for one in found.warnings)]),
    }  # fmt: skip


def _evaluate_period(book: Path, period: str, rules: str) -> dict[str, Any]:
    """One period: tried under other rules without writing, or evaluated with the whole book and shown alone."""
    with working(f"正在计算 {period}…"):
        from workbook import backtesting

        if rules:
            tried = backtesting.back_test(book, period, rules)
            text = "\n".join(backtesting.back_test_lines(tried))
            return {"book": str(book), **backtesting.back_test_data(tried), "text": text}
        from workbook.evaluating import evaluate_file

        key = backtesting.must_be_there(book, period)
        found = evaluate_file(book)
        record, rows = backtesting.period_rows(book, key)
    refused = found.measured.refused.get(key, "")
    lines = backtesting.period_lines(record, rows, refused)
    return {
        "ok": not refused, "book": str(book), "changed": found.changed, "period": key,
        "partners": backtesting.period_data(rows), "refused": {key: refused} if refused else {}, "warnings": list(found.warnings),
        "text": "\n".join([*lines, *(f"  注意：{one}" for one in found.warnings)]),
    }  # fmt: skip


@main.command()
@BOOK
@click.argument("period")
@click.option("--who", default="", help="谁冻结的；不写就用登录名。/ Who does it; the login name if left out.")
@click.option(
    "--date", "effective", type=click.DateTime(["%Y-%m-%d"]), help="生效日期；不写就是今天。/ Effective from."
)
@click.option(
    "--correct", "partner", metavar="P-0001", help="更正一家已冻结的结果，另起一行。/ Correct one result in a new row."
)
@click.option("--why", default="", help="为什么更正。/ Why it is corrected.")
@click.option("--verify", "verifying", is_flag=True, help="用原始记录重算核对。/ Compute again from the kept inputs.")
@as_json
@reports
def freeze(
    book: Path, period: str, who: str, effective: datetime | None, partner: str | None, why: str, verifying: bool
) -> dict[str, Any]:
    """冻结一个考核周期的结果，更正其中一家，或核对。/ Freeze the results of a period, correct one, or check them.

    冻结之后规则和记录再改，结果也不变；结果依据的原始记录留在工作簿旁边的“〈工作簿名〉.冻结”文件夹里。
    """
    if bool(partner) != bool(why.strip()):
        raise click.UsageError("--correct 伙伴编号 和 --why 原因 要一起写。")
    if verifying and (partner or effective or who):
        raise click.UsageError("--verify 只核对，不能和别的选项一起用。")
    with working("正在计算…"):
        from workbook import freezing

        day = effective.date() if effective else None
        if verifying:
            done = freezing.verify(book, period)
        elif partner:
            done = freezing.correct(book, period, partner, why, who, day)
        else:
            done = freezing.freeze(book, period, who, day)
    lines = [*done.lines, *(f"  注意：{one}" for one in done.warnings)]
    return {
        "book": str(book), "period": period, "key": done.key, "changed": done.changed, **done.data,
        "warnings": list(done.warnings), "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@BOOK
@click.option(
    "--from", "first", required=True, metavar="A", help="周期、冻结编号，或 now。/ A period, a frozen row, now."
)
@click.option(
    "--to", "second", required=True, metavar="B", help="周期、冻结编号，或 now。/ A period, a frozen row, now."
)
@click.option("--partner", default="", metavar="P-0001", help="只看一家伙伴。/ One partner only.")
@as_json
@reports
def diff(book: Path, first: str, second: str, partner: str) -> dict[str, Any]:
    """得分为什么变了：哪项分数、权重或数据，各值多少分，加起来正好。/ Why a score changed, adding up exactly.

    A 和 B 可以是周期（2026Q2），冻结编号（FZ-0003），now（另一边那个周期按现在的记录计算），或 2026Q2@now。
    """
    with working("正在比较…"):
        from workbook import diffing

        found = diffing.diff_file(book, first, second, partner)
    return {"book": str(book), **diffing.as_data(found), "text": "\n".join(diffing.as_lines(found))}


@main.command()
@BOOK
@as_json
@reports
def check(book: Path) -> dict[str, Any]:
    """列出这本工作簿里不合制度的地方。/ List what the policy misses in this book."""
    with working("正在检查…"):
        from workbook import store
        from workbook.evaluating import local_now
        from workbook.identity import must_be_ours
        from workbook.ooxml import Book
        from workbook.rules.finding import Situation, findings_of
        from workbook.rules.onboarding import all_progress
        from workbook.tables import Contracts, Onboarding

        snapshot = store.read(book)
        opened = Book.read(snapshot.data)
        must_be_ours(opened, snapshot.path.name)
        today = local_now(opened).date()
        seen = Situation(opened, today)
        findings = findings_of(seen)
        guided = all_progress(seen.of(Contracts), seen.of(Onboarding), today)
    lines = [f"✗ {f.rule}  {f.where}\n    {f.message}" for f in findings]
    lines.append(f"共 {len(findings)} 处" if findings else "✓ 没有发现问题")
    lines += [f"  {one.sentence()}" for one in guided]
    return {
        "ok": not findings, "book": str(book), "findings": [f.as_data() for f in findings],
        "onboarding": [one.as_data() for one in guided], "text": "\n".join(lines),
    }  # fmt: skip


main.add_command(export)


@main.command()
@BOOK
@click.argument("key", required=False)
@click.argument("state", required=False)
@click.option(
    "--new", "candidate", metavar="C-0001", help="为一家候选开始一份合同。/ Begin a contract for a candidate."
)
@as_json
@reports
def contract(book: Path, key: str | None, state: str | None, candidate: str | None) -> dict[str, Any]:
    """开始一份合同，看它差什么，或改它的状态。/ Begin a contract, see what it lacks, or move its state.

    KEY 是合同编号；STATE 是 谈判中、法务审查、待签署、已签、已终止 或 已放弃。不写 STATE 就只看现在差什么。
    """
    if bool(candidate) == bool(key):
        raise click.UsageError("请写合同编号，或用 --new 写候选编号，二者选一。")
    with working("正在核对合同…"):
        from workbook import contracting

        if candidate:
            done = contracting.begin(book, candidate)
        else:
            done = contracting.move(book, str(key), state) if state else contracting.standing(book, str(key))
    return _contract_said(book, done)


@main.command()
@BOOK
@click.argument("key")
@click.argument("new_state", metavar="STATE", required=False)
@click.option("--who", default="", help="谁改的；不写就用登录名。/ Who does it; the login name if left out.")
@as_json
@reports
def state(book: Path, key: str, new_state: str | None, who: str) -> dict[str, Any]:
    """看一行的状态，或把它改成下一个状态。/ See the state of a row, or bring it into the next one.

    KEY 是候选、需求、评审会、合同或伙伴的编号。不能这样接的状态会被拒绝；改了的记入“变更记录”。
    """
    with working("正在核对状态…"):
        from workbook import stating

        done = stating.set_state(book, key, new_state, who) if new_state else stating.standing(book, key)
    lines = [*done.lines, *(f"  注意：{one}" for one in done.warnings)]
    return {
        "book": str(book), "key": done.key, "changed": done.changed, **done.data, "warnings": list(done.warnings),
        "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@BOOK
@click.argument("partner", required=False, metavar="[P-0001]")
@as_json
@reports
def stoppage(book: Path, partner: str | None) -> dict[str, Any]:
    """如果这家明天停摆：受影响的项目、合格备选、缺口。/ If a partner stops tomorrow: what stops, who takes over, what is missing.

    不写伙伴编号就列出每家合作中的伙伴。只看，不改文件；同样的内容评估时写进“停摆推演”。
    """
    with working("正在推演…"):
        from workbook import readying

        done = readying.stop(book, partner or "")
    return {"book": str(book), **done.data, "text": "\n".join(done.lines)}


@main.command()
@BOOK
@click.argument("key")
@click.option("--accept", "status", flag_value="accepted", help="认定；不合格的会被拒绝。/ Accept it, if it qualifies.")
@click.option("--retire", "status", flag_value="retired", help="停用。/ Retire it.")
@as_json
@reports
def backup(book: Path, key: str, status: str | None) -> dict[str, Any]:
    """看一家备选伙伴（BK-0001）今天合不合格，或认定它。/ Whether a backup qualifies today; accept or retire it."""
    with working("正在核对备选伙伴…"):
        from workbook import readying

        done = readying.backup(book, key, status or "")
    return _said(book, done)


@main.command()
@BOOK
@click.argument("key")
@click.option("--start", "target", flag_value="running", help="开始。/ Start it.")
@click.option("--finish", "target", flag_value="done", help="结束，写下各步用时。/ End it and write down its times.")
@as_json
@reports
def drill(book: Path, key: str, target: str | None) -> dict[str, Any]:
    """开始或结束一次演练（DR-0001），看各步用时。/ Start or end a drill, and see how long its steps took.

    演练走和真的一样的表单和页面：partnerbook invite 工作簿 DR-0001 取演练链接。演练的行不进任何得分、时限和违约金。
    """
    with working("正在核对演练…"):
        from workbook import readying

        done = readying.drill(book, key, target or "")
    return _said(book, done)


@main.command()
@BOOK
@click.argument("key")
@click.option(
    "--start", type=click.DateTime(["%Y-%m-%d"]), help="引导期从哪天开始；不写就是生效日期。/ First day of onboarding."
)
@as_json
@reports
def onboard(book: Path, key: str, start: datetime | None) -> dict[str, Any]:
    """给已签的合同列出入伙引导的十项和到期日。/ List the ten onboarding items of a signed contract."""
    with working("正在列出引导事项…"):
        from workbook import contracting

        done = contracting.onboard(book, key, start.date() if start else None)
    return _contract_said(book, done)


def _said(book: Path, done: Any) -> dict[str, Any]:
    lines = [*done.lines, *(f"  注意：{one}" for one in done.warnings)]
    return {
        "book": str(book), "key": done.key, "changed": done.changed, **done.data, "warnings": list(done.warnings),
        "text": "\n".join(lines),
    }  # fmt: skip


def _contract_said(book: Path, done: Any) -> dict[str, Any]:
    lines = [*done.lines, *(f"  注意：{one}" for one in done.warnings)]
    return {
        "book": str(book), "contract": done.key, "changed": done.changed, **done.data,
        "warnings": list(done.warnings), "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@reports
def fingerprint(files: tuple[Path, ...]) -> dict[str, Any]:
    """算文件的 SHA-256，填进合同的“文本指纹”。/ SHA-256 of files, for the fingerprint of a contract's text."""
    from workbook.contracting import fingerprint as of_file

    found = {str(path): of_file(path) for path in files}
    return {"fingerprints": found, "text": "\n".join(f"{digest}  {path}" for path, digest in found.items())}


@main.command()
@BOOK
@click.argument("panel")
@as_json
@reports
def minutes(book: Path, panel: str) -> dict[str, Any]:
    """起草一场评审会的纪要，写进“评审会纪要”的草稿。/ Draft the minutes of a panel into the book.

    已确认的纪要不再起草；员工写的正文不动。
    """
    with working("正在起草纪要…"):
        from workbook import deciding

        done = deciding.minutes_file(book, panel)
    text = [deciding.as_text(panel, done, book), *(f"  注意：{one}" for one in done.warnings)]
    return {
        "ok": not done.outdated, "book": str(book), "panel": panel, "minutes": done.key, "changed": done.changed,
        "confirmed": done.confirmed, "draft": done.draft, "warnings": list(done.warnings), "text": "\n".join(text),
    }  # fmt: skip


@main.command()
@BOOK
@click.argument("decision")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="证据包（zip）。/ The pack, a zip."
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="服务的数据文件夹，打包上传的文件。/ The server's data folder."
)
@as_json
@reports
def evidence(book: Path, decision: str, output: Path, data: Path | None) -> dict[str, Any]:
    """把一个决定背后的一切打成一包，不用本系统也能看、能核对。/ Everything behind one decision, in one zip.

    DECISION 是评审会编号，例如 V-0001，或一家候选的结果编号，例如 V-0001/C-0001。
    """
    with working(f"正在打包 {decision}…"):
        from workbook import store
        from workbook.evidence import decision_of, pack
        from workbook.identity import must_be_ours
        from workbook.keeping import kept_files
        from workbook.ooxml import Book
        from workbook.records import read_records
        from workbook.tables import Candidates

        snapshot = store.read(book)
        opened = Book.read(snapshot.data)
        identity = must_be_ours(opened, snapshot.path.name)
        found = decision_of(opened, decision)
        firms = sorted((r for r in read_records(opened, Candidates) if r.key in found.candidates), key=lambda r: r.key)
        made = pack(opened, found, kept_files(data, identity, firms) if data else None)
        path = store.create(output, made.data)
    lines = [f"✓ {decision} 的证据包 → {path}", f"  {len(made.names)} 个文件；解压后运行 sha256sum -c SHA256SUMS 核对"]
    lines += [f"  不在包里：{one.candidate} {one.name}（{one.why}）" for one in made.left_out]
    return {
        "book": str(book), "decision": decision, "file": str(path), "files": list(made.names),
        "left_out": [{"candidate": o.candidate, "name": o.name, "why": o.why} for o in made.left_out],
        "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@BOOK
@click.argument("table")
@click.argument("rows", type=click.Path(path_type=Path, allow_dash=True))
@as_json
@reports
def append(book: Path, table: str, rows: Path) -> dict[str, Any]:
    """往任意工作簿的任意表格里无损加行。/ Append rows to any table of any workbook, loss-free.

    ROWS 是一行一个 JSON 对象的文件（- 表示标准输入），键是列名；日期写成 {"date": "2026-12-31"}，
    时间写成 {"time": "2026-12-31 18:00"}。
    """
    from workbook import store
    from workbook.errors import AppendRefused
    from workbook.ooxml import Book
    from workbook.ooxml.lint import new_findings
    from workbook.rowfile import read_rows

    fresh = read_rows(rows)
    with working(f"正在写入 {table}…"):
        snapshot = store.read(book)
        store.check_free(snapshot.path)
        opened = Book.read(snapshot.data)
        fixed = [one.sentence() for one in opened.fixed_references(table)]
        placed = opened.append(table, fresh)
        data = opened.to_bytes()
        if found := new_findings(snapshot.data, data):
            raise AppendRefused(
                f"没有写入：写入后的文件会有问题（{found[0].where}：{found[0].message}）。原文件没有改动。"
            )
        done = store.replace(snapshot, data)
    view = opened.table(table)
    notes = [*([placed.moved] if placed.moved else []), *fixed, *done.warnings]
    text = f"✓ 已向工作表“{view.sheet}”的表格 {view.name} 加了 {len(fresh)} 行（第 {placed.first_row}–{placed.last_row} 行）"
    return {
        "book": str(snapshot.path), "table": view.name, "sheet": view.sheet, "rows": len(fresh),
        "first_row": placed.first_row, "last_row": placed.last_row, "notes": notes,
        "text": "\n".join([text, *(f"  注意：{note}" for note in notes)]),
    }  # fmt: skip


@main.command()
@BOOK
@click.option("--dry-run", is_flag=True, help="只说会加什么，不改文件。/ Say what would be added, change nothing.")
@as_json
@reports
def upgrade(book: Path, dry_run: bool) -> dict[str, Any]:
    """给旧工作簿补上这个版本的表格、列和参数，别的都不动。/ Add what this version declares to an older book."""
    with working("正在比对…"):
        from workbook.upgrading import upgrade_file

        done = upgrade_file(book, dry_run=dry_run)
    lines = [f"  {one.sentence()}" for one in done.additions]
    lines.insert(0, f"✓ {'会' if dry_run else '已'}加上 {len(lines)} 项：" if lines else "✓ 没有要加的")
    if done.additions and not dry_run:
        lines.append(f"  升级之前的工作簿留了备份，可以恢复：partnerbook restore {book}")
    lines += [f"  注意：{note}" for note in (*done.notes, *done.warnings)]
    return {
        "book": str(book), "changed": bool(done.additions) and not dry_run, "dry_run": dry_run,
        "additions": [vars(one) for one in done.additions], "notes": done.notes, "warnings": list(done.warnings),
        "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@BOOK
@click.option("--from", "backup", metavar="ID", help="要恢复的备份的编号或文件。/ The backup to go back to.")
@click.option("--yes", is_flag=True, help="不再询问，直接恢复。/ Restore without asking.")
@as_json
@reports
def restore(book: Path, backup: str | None, yes: bool) -> dict[str, Any]:
    """列出备份和它们与现在的差别，或恢复其中一份（可以再撤销）。/ List backups, or go back to one of them."""
    with working("正在比对备份…"):
        from workbook import restoring

        if backup is None:
            found = restoring.previews(book)
            return {
                "book": str(book), "backups": [one.as_data() for one in found],
                "text": restoring.as_list(found, book),
            }  # fmt: skip
        shown = restoring.preview(book, backup)
    lines = restoring.as_lines(shown)
    if not yes and not _agreed("\n".join(lines)):
        lines.append("  还没有恢复。确认后加 --yes 再运行一次。")
        return {"book": str(book), "restored": False, "backup": shown.as_data(), "text": "\n".join(lines)}
    shown, warnings = restoring.restore(book, backup)
    lines = [f"✓ 已恢复到备份 {shown.id}", *restoring.as_lines(shown)[1:], *(f"  注意：{one}" for one in warnings)]
    lines.append(f"  恢复之前的工作簿也留了备份，可以再恢复回去：partnerbook restore {book}")
    return {
        "book": str(book), "restored": True, "backup": shown.as_data(), "warnings": list(warnings),
        "text": "\n".join(lines),
    }  # fmt: skip


def _agreed(question: str) -> bool:
    """Whether somebody at the keyboard says yes; without a keyboard, or with `--json`, nobody does."""
    import sys

    context = click.get_current_context(silent=True)
    if (context and context.params.get("json_out")) or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    click.echo(question)
    return click.confirm("恢复到这一份？/ Restore it?", default=False)


@main.command()
@BOOK
@click.argument("batch")
@as_json
@reports
def trace(book: Path, batch: str) -> dict[str, Any]:
    """从批次追到交付、合同、检测、缺陷和问题，也从来源批次追回交付。/ Trace a batch to everything that it touched, and back."""
    with working("正在追溯…"):
        from workbook import tracing

        done = tracing.trace_batch(book, batch)
    return _said(book, done)


@main.command("survey-letter")
@BOOK
@click.argument("campaign")
@click.option("--partner", required=True, metavar="P", help="收信的伙伴编号。/ The partner it goes to.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="文件，.html 或 .md。/ The file.",
)
@click.option(
    "--lang", type=click.Choice(["zh-CN", "en", "both"]), default="zh-CN", show_default=True, help="语言。/ Language."
)
@as_json
@reports
def survey_letter(book: Path, campaign: str, partner: str, target: Path, lang: str) -> dict[str, Any]:
    """给伙伴的满意度反馈信，只含这家伙伴可以看的结果。/ The letter to a partner about a closed survey."""
    from workbook.survey_letter import write_letter

    letter = write_letter(book, campaign, partner, target, lang)
    lines = [f"✓ 已写 {target}：{len(letter.rows)} 个方面，{len(letter.actions)} 项行动。请看过再发给对方。"]
    if not letter.actions:
        lines.append("  还没有商定行动：在“行动项”里写明伙伴编号和调查编号，再写一次信")
    return {
        "file": str(target), "partner": letter.partner, "topics": [row.topic.zh for row in letter.rows],
        "actions": len(letter.actions), "text": "\n".join(lines),
    }  # fmt: skip


@main.command()
@BOOK
@as_json
@reports
def doctor(book: Path) -> dict[str, Any]:
    """检查工作簿和它所在的文件夹能不能正常写入。/ Whether a book and its folder are fit for delivery."""
    with working("正在检查…"):
        from workbook.doctoring import examine

        signs = examine(book)
    bad = [sign for sign in signs if not sign.ok]
    lines = [f"{'✓' if sign.ok else '✗'} {sign.message}" for sign in signs]
    return {"ok": not bad, "book": str(book), "signs": [vars(sign) for sign in signs], "text": "\n".join(lines)}
