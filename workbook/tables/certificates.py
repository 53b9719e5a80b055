"""Owns the table of certificates: 资质证书 (S6)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Formula,
    Key,
    Label,
    Ref,
    Table,
    Text,
)

TERMS = {
    "dated": Label("有截止日", "Ends on a date"),
    "open": Label("长期", "No expiry"),
}
CERTIFICATE_CHECKS = {
    "unverified": Label("未核实", "Unverified"),
    "verified": Label("已核实", "Verified"),
    "doubtful": Label("有疑问", "Doubtful"),
    "rejected": Label("不予采用", "Not accepted"),
}
AHEAD = 30  # days before its last day from which a certificate is about to expire


class Certificates(Table):
    """One row per certificate of a company (S6): the system proposes it from 认证与许可, from then on it is staff's."""

    name = "certificates"
    label = Label("资质证书", "Certificates")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有证书：评估时从候选的“认证与许可”逐行登记，换发的证书在这里另起一行",
        "None yet: each line of a candidate's certificates is entered here by the next evaluation; add renewals by hand",
    )
    level = SENSITIVE
    certificate = Key("证书记录", "Record", prefix="H")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    title = Text(
        "证书", "Certificate", owner=STAFF, max_length=120, level=PUBLIC,
        note=Label("系统从候选的“认证与许可”登记一次；改过或核实过的行就是你的，候选更正时另起一行。换发的证书写同一个名称，旧的一行自动了结。", "Entered once from the candidate's lines; a row that you changed or verified is yours. Give a renewal the same name, and the older row ends by itself."),
    )  # fmt: skip
    number = Text("证书编号", "Number", owner=STAFF, max_length=80, level=PUBLIC)
    term = Choice("期限", "Term", owner=STAFF, options=TERMS, level=PUBLIC)
    until = Date("有效期至", "Valid until", owner=STAFF, level=PUBLIC)
    state = Formula(
        "状态", "State", gives="validity",
        excel=f'IF([@[已了结]]<>"","已了结",IF([@[有效期至]]="",IF([@[期限]]="长期","长期",""),IF([@[有效期至]]<TODAY(),"已过期",IF([@[有效期至]]<=TODAY()+{AHEAD},"将到期","有效"))))',
        note=Label(f"打开时按今天算：{AHEAD} 天内到期为将到期，最后一天的次日起为已过期。", f"As of today: about to expire within {AHEAD} days, expired from the day after the last one."),
    )  # fmt: skip
    verification = Choice(
        "核实", "Verification", owner=STAFF, options=CERTIFICATE_CHECKS, default="unverified",
        note=Label("对照原件或发证机构的公示核实。不算数的写“不予采用”，不要删行：删掉的会再登记。", "Checked against the original or the issuer's register. Write “not accepted” instead of deleting: a deleted row is entered again."),
    )  # fmt: skip
    verified_on = Date("核实日期", "Verified on", owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    file = Text(
        "证书文件", "File", owner=STAFF, max_length=200, level=SENSITIVE,
        hint=Label("文件名或存放处；候选交来的在附件文件夹里", "Its name or place; what candidates sent is in the attachments folder"),
    )  # fmt: skip
    candidate = Ref("候选编号", "Candidate", to="candidates", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    ended = Text(
        "已了结", "Ended", owner=COMPUTED, max_length=120,
        note=Label("系统写明为什么不再盯这一张：有了新证、候选未入选、伙伴已退出。", "Why nobody watches this one any more: renewed, candidate not selected, partner left."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    cause = Text(
        "来由", "Cause", owner=COMPUTED, max_length=400, level=SENSITIVE,
        note=Label("系统据此认出候选的同一行；空白的是人写的，系统不动。", "By this the system knows a candidate's line again; rows without it are people's own."),
    )  # fmt: skip
