"""Owns the commands about being ready: what happens if a partner stops, accepting a backup, running a drill (S41, S48, S49)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbook.changelog import append_rows
from workbook.desk import Desk, Done, change_row, must_be_seen, on_file, one_row
from workbook.records import Record, read_if_there, read_records
from workbook.rules.contracts import StepRefused
from workbook.rules.drilling import Timed, steps_of, verdict_of
from workbook.rules.standby import Bench, Fitness
from workbook.rules.states import DRILL_STEPS
from workbook.rules.stoppage import Outlook, Stoppage, plain
from workbook.tables import Backups, Contingency, Drills, DrillSteps, Partners
from workbook.tables.emergency import DRILL_STATES
from workbook.tables.guarding import BACKUP_STATES

# --- if it stops tomorrow (S41) --------------------------------------------------------------------------------------


def stop(path: Path, partner: str = "") -> Done:
    """What happens if a partner, or each partner in cooperation, stops tomorrow. Writes nothing.

    Raises:
        NoSuchRow: there is no such partner.
    """

    def work(desk: Desk) -> Done:
        outlook = Outlook(desk.situation.records, desk.situation.selection.settings, desk.now.date())
        rows = [one_row(desk.book, Partners, partner)] if partner else outlook.active()
        found = [outlook.stoppage(row) for row in rows]
        lines = [line for one in found for line in _told(one)]
        return Done(partner, False, lines or ["没有合作中的伙伴。"], {"partners": [_data(one) for one in found]})

    return on_file(path, work, write=False)


def _told(one: Stoppage) -> list[str]:
    """One partner for people; what is missing comes last, where it is read."""
    name = f"{one.partner.key} {one.partner.text('legal_name')}"
    limit = f"{plain(one.recovery_hours)} 小时" if one.recovery_hours is not None else "没有批准的预案"
    fastest = f"{plain(one.switch_days)} 天" if one.switch_days is not None else "不知道"
    parts: tuple[tuple[str, Sequence[str]], ...] = (
        ("受影响的项目", one.projects), ("合格备选", [each.words for each in one.standbys]),
        ("缺口", [gap.message for gap in one.gaps]),
    )  # fmt: skip
    lines = [f"如果 {name} 明天停摆{'（关键伙伴）' if one.important else ''}："]
    lines.append(
        f"  在执行金额 {one.exposure:,.2f} 元，未验收交付 {one.open_deliveries} 项，恢复时限 {limit}，最快切换 {fastest}"
    )
    for title, texts in parts:
        lines.append(f"  {title}：{'' if texts else '无'}")
        lines += [f"    {'✗' if title == '缺口' else '·'} {text}" for text in texts]
    return lines


def _data(one: Stoppage) -> dict[str, Any]:
    return {
        "partner": one.partner.key, "legal_name": one.partner.text("legal_name"), "important": one.important,
        "projects": list(one.projects), "exposure": f"{one.exposure:f}", "open_deliveries": one.open_deliveries,
        "backups": [{"backup": b.backup.key, "partner": b.backup.text("partner"), "score": _number(b.fitness.score), "switch_days": _number(b.backup["switch_days"])} for b in one.standbys],
        "switch_days": _number(one.switch_days), "recovery_hours": _number(one.recovery_hours),
        "gaps": [{"rule": gap.rule, "message": gap.message} for gap in one.gaps],
    }  # fmt: skip


def _number(value: Any) -> str | None:
    return None if value is None else f"{value:f}"


# --- backups (S48) ---------------------------------------------------------------------------------------------------


def backup(path: Path, key: str, status: str = "") -> Done:
    """Whether a backup qualifies; with a state (accepted, retired), brings it there.

    Raises:
        StepRefused: it does not qualify and cannot be accepted; nothing was written.
        NoSuchRow: there is no such backup.
    """

    def work(desk: Desk) -> Done:
        row = one_row(desk.book, Backups, key)
        found = Bench(desk.situation.records, desk.now.date()).fitness(row)
        data = {"qualified": found.qualified, "why": found.why, "score": _number(found.score)}
        if not status:
            lines = [f"备选 {row.key}（{BACKUP_STATES[row.text('status') or 'proposed'].zh}）：{_verdict(found)}"]
            return Done(row.key, False, lines, {**data, "status": row.text("status") or "proposed"})
        if status == "accepted" and not found.qualified:
            raise StepRefused(f"备选 {row.key}", "认定", [f"{why}。" for why in found.against])
        if row["status"] == status:
            return Done(
                row.key, False, [f"备选 {row.key} 已经是“{BACKUP_STATES[status].zh}”。"], {**data, "status": status}
            )
        values: dict[str, Any] = {"status": status}
        if status == "accepted":
            values["checked_on"] = desk.now.date()
        change_row(desk, row, values, "备选伙伴，用命令改的")
        lines = [f"✓ 备选 {row.key} → {BACKUP_STATES[status].zh}：{_verdict(found)}，已记入变更记录"]
        return Done(row.key, True, lines, {**data, "status": status})

    return on_file(path, work, write=bool(status))


def _verdict(found: Fitness) -> str:
    return f"{'合格' if found.qualified else '不合格'}，{found.why}"


# --- drills (S49) ----------------------------------------------------------------------------------------------------


def drill(path: Path, key: str, target: str = "") -> Done:
    """How a drill stands; `target` "running" starts it, "done" ends it and writes down the times of its steps.

    Raises:
        StepRefused: it cannot go there; nothing was written.
        NoSuchRow: there is no such drill.
    """

    def work(desk: Desk) -> Done:
        row = one_row(desk.book, Drills, key)
        if not target:
            return _standing(desk, row)
        must_be_seen(desk, row)
        now = row.text("status") or "planned"
        if target not in DRILL_STEPS[now]:
            step = "开始" if target == "running" else "结束"
            wanted = "待演练" if target == "running" else "演练中"
            raise StepRefused(f"演练 {row.key}", step, [f"状态是“{DRILL_STATES[now].zh}”，“{wanted}”的才能{step}。"])
        return _started(desk, row, path) if target == "running" else _finished(desk, row)

    return on_file(path, work, write=bool(target))


def _started(desk: Desk, row: Record, path: Path) -> Done:
    change_row(desk, row, {"status": "running", "started_at": desk.now}, "演练，用命令开始的")
    lines = [
        f"✓ 演练 {row.key} {row.text('title')} 于 {desk.now:%Y-%m-%d %H:%M} 开始",
        f"  下一步：partnerbook invite {path} {row.key} 取演练链接；表单和真的一样，页上写明【演练】",
    ]
    return Done(row.key, True, lines, {"status": "running", "started_at": f"{desk.now:%Y-%m-%d %H:%M:%S}"})


def _finished(desk: Desk, row: Record) -> Done:
    started = row["started_at"] or desk.now
    values = {"status": "done", "ended_at": desk.now, **({} if row["started_at"] else {"started_at": started})}
    change_row(desk, row, values, "演练，用命令结束的")
    steps = steps_of(row, desk.situation.records)
    known = {(one["drill"], one["step"], one["started_at"]) for one in read_if_there(desk.book, DrillSteps)}
    fresh = [one for one in steps if (row.key, one.step, one.started_at) not in known]
    if fresh:
        append_rows(desk.book, DrillSteps, [_step(row.key, one) for one in fresh])
    after = one_row(desk.book, Drills, row.key)
    verdict = verdict_of(after, read_if_there(desk.book, Contingency)) or ""
    lines = [f"✓ 演练 {row.key} 于 {desk.now:%Y-%m-%d %H:%M} 结束：{verdict}", *_steps_told(steps)]
    if not row["findings"]:
        lines.append("  下一步：在“演练”里写下发现；没有发现也请写“无”。")
    return Done(
        row.key, True, lines, {"status": "done", "verdict": verdict, "steps": [_step_data(one) for one in steps]}
    )


def _standing(desk: Desk, row: Record) -> Done:
    steps = steps_of(row, desk.situation.records)
    written = [one for one in read_records(desk.book, DrillSteps) if one["drill"] == row.key]
    verdict = verdict_of(row, desk.situation.of(Contingency)) or ""
    status = row.text("status") or "planned"
    lines = [f"演练 {row.key} {row.text('title')}：{DRILL_STATES[status].zh}{'，' + verdict if verdict else ''}"]
    data = {"status": status, "verdict": verdict, "steps": [_step_data(one) for one in steps], "written": len(written)}
    return Done(row.key, False, [*lines, *_steps_told(steps)], data)


def _step(drill_key: str, one: Timed) -> dict[str, Any]:
    return {
        "drill": drill_key,
        "step": one.step,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "who": one.who or None,
    }


def _steps_told(steps: Sequence[Timed]) -> list[str]:
    told = []
    for one in steps:
        until = f"{one.ended_at:%H:%M}" if one.ended_at else "未完"
        took = f"，{_minutes(one)} 分钟" if one.ended_at else ""
        told.append(f"  {one.step}：{one.started_at:%m-%d %H:%M} 到 {until}{took}")
    return told


def _minutes(one: Timed) -> int | None:
    return None if one.ended_at is None else round((one.ended_at - one.started_at).total_seconds() / 60)


def _step_data(one: Timed) -> dict[str, Any]:
    end = f"{one.ended_at:%Y-%m-%d %H:%M:%S}" if one.ended_at else None
    return {"step": one.step, "started_at": f"{one.started_at:%Y-%m-%d %H:%M:%S}", "ended_at": end, "minutes": _minutes(one)}  # fmt: skip
