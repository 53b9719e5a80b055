"""Owns the words of the pages in both languages, and how dates, sizes and time zones are written in each."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from workbook.schema import Label

LANGUAGES = ("zh-CN", "en")

WORDS: dict[str, Label] = {
    # signing a requirement through a personal link
    "signoff": Label("需求内部评审", "Internal review of a requirement"),
    "signoff_text": Label("评审的内容", "What is reviewed"),
    "signoff_revision": Label("第 {n} 版", "Revision {n}"),
    "signoff_print": Label("内容指纹", "Fingerprint"),
    "signoff_parts": Label("还不能评审：{names}还没有写。补写并保存工作簿以后，这里就可以签核。", "It cannot be reviewed yet: {names} missing. Once written and saved, it can be signed here."),
    "signoff_revision_missing": Label("还不能评审：没有写需求版本。", "It cannot be reviewed yet: it has no revision."),
    "signoff_early": Label("还在起草，没有送审，请等负责人通知。", "Still a draft; please wait for word."),
    "signoff_over": Label("这份需求已经结束或撤销，不再签核。", "This requirement has ended or was withdrawn; no more verdicts."),
    "signoff_holds": Label("您对这一版内容的意见：{verdict}", "Your verdict on this text: {verdict}"),
    "signoff_void": Label("您签过“{verdict}”，但之后内容有改动，那份意见已失效。请看过现在的内容，再签一次。", "You signed “{verdict}”, but the text was edited since, so that it is void. Please read the text of now and sign again."),
    "signoff_changed": Label("您打开页面以后，内容有改动。下面已是新的内容，您写的意见还在：请看过新的内容，再提交一次。", "The text was edited after you opened this page. Below is the new text, and what you wrote is still here: read it, then send again."),
    "signoff_again": Label("这个页面已经提交过另一份意见。要改变意见，请再提交一次，会记为新的一份。", "This page has already sent another verdict. To change it, send once more; it becomes a new one."),
    "part_missing": Label("还没有写", "Not written yet"),
    "part_optional": Label("没有写（可以不写）", "Not given (optional)"),
    "verdict": Label("您的意见", "Your verdict"),
    "verdict_again": Label("改变意见", "Change your verdict"),
    "verdict_ask": Label("是否同意按上面的内容发布？", "Do you agree that this is published as it stands above?"),
    "verdict_needed": Label("请选择意见", "Choose a verdict"),
    "verdict_bound": Label("意见只对上面这一版内容有效；之后内容有改动，就要重新签核。", "Your verdict is of this text only; after an edit it has to be given again."),
    "send_verdict": Label("提交意见", "Send verdict"),
    "opinion": Label("说明", "Opinion"),
    "opinion_hint": Label("有条件同意请写条件，不同意请写原因；同意可以不写。", "Give the conditions, or the reason for disagreeing; optional if you agree."),
    "opinion_needed": Label("选了“{verdict}”，请写说明", "You chose “{verdict}”; give your opinion"),
    "invited": Label("这个链接是发给 {company} 的邀请，只能提交一次，请不要转发。", "This link invites {company}; it takes one application. Please do not pass it on."),
    "invite_used": Label("这份邀请已经提交过", "This invitation was answered already"),
    "invite_used_text": Label("一份邀请只收一份资料，先提交的那份没有改动。要更正，请打开那份的回执；没有提交过，请联系邀请您的人。", "An invitation takes one application, and the first one is unchanged. To correct it, open its receipt; if it was not you, contact whoever invited you."),
    # a drill through a link
    "drill_banner": Label("【演练】{drill}：这是演练，不是真实事件。填写和处理与真的一样，内容不进任何得分、时限和统计。", "DRILL {drill}: this is an exercise, not a real event. Fill it in as if it were real; nothing of it enters a score, a clock or a count."),
    "drill_over": Label("演练没有在进行", "The drill is not running"),
    "drill_over_text": Label("这个链接只在演练进行中有效，这一次没有保存任何内容。发生真实事件请从首页打开表单上报。", "This link works while the drill runs, and nothing was stored. For a real event, use the form on the first page."),
    # a survey through a personal link
    "survey_until": Label("请在 {day}之前（含当天）答完。", "Please answer by {day}, that day included."),
    "survey_thanks": Label("谢谢您的答卷", "Thank you for your answer"),
    "survey_thanks_text": Label("答卷已匿名保存。没有回执，也不能再查看或修改；可以关闭这个页面。", "It was stored anonymously. There is no receipt, and it cannot be seen or changed any more; you may close this page."),
    "survey_answered": Label("这个链接已经答过", "This link was answered already"),
    "survey_answered_text": Label("一个链接只收一份答卷，先提交的那份没有改动。要更正，请打开那份的回执。", "A link takes one answer, and the first one is unchanged. To correct it, open its receipt."),
    "survey_early": Label("调查还没有开始", "The survey has not begun"),
    "survey_early_text": Label("开始以后，从同一个链接就能填写。", "From then on you can answer at the same link."),
    "survey_over": Label("调查已经截止", "The survey has ended"),
    "survey_over_text": Label("截止以后不再接收答卷，这一次没有保存任何内容。", "No more answers are taken, and nothing was stored this time."),
    "survey_unavailable_title": Label("现在无法保存", "Cannot be stored now"),
    "survey_unavailable": Label("什么也没有保存，填写的内容还在页面上，请稍后再提交一次。", "Nothing was stored; what you wrote is still on the page. Send it again a little later."),
    # an issue
    "respond_by": Label("应响应", "Answer due"),
    "resolve_by": Label("应解决", "Solution due"),
    # confirming minutes through a personal link
    "minutes_title": Label("例会纪要", "Minutes of a meeting"),
    "minutes_text": Label("纪要内容", "What the minutes say"),
    "minutes_partner": Label("合作伙伴", "Partner"),
    "minutes_held_on": Label("召开日期", "Held on"),
    "minutes_attendees": Label("与会人", "Attendees"),
    "minutes_parts": Label("纪要还没有写好，缺{names}。写好并保存工作簿以后，这里就可以确认。", "The minutes are not complete: {names} missing. Once written and saved, they can be confirmed here."),
    "minutes_early": Label("会议还没有召开，请等负责人通知。", "The meeting has not been held yet; please wait for word."),
    "minutes_over": Label("这次会议取消了，没有纪要可确认。", "This meeting was cancelled; there are no minutes to confirm."),
    "minutes_ask": Label("上面的纪要是否属实、完整？", "Are the minutes above true and complete?"),
    "minutes_needed": Label("请选“确认”或“有异议”", "Choose to confirm or to object"),
    "minutes_holds": Label("您对这份纪要的意见：{verdict}", "Your word on these minutes: {verdict}"),
    "minutes_void": Label("您答复过“{verdict}”，但之后纪要有改动，那次答复已失效。请看过现在的纪要，再答复一次。", "You answered “{verdict}”, but the minutes were edited since, so that it is void. Please read the minutes of now and answer again."),
    "minutes_changed": Label("您打开页面以后，纪要有改动。下面已是新的纪要，您写的还在：请看过以后再提交一次。", "The minutes were edited after you opened this page. Below are the new ones, and what you wrote is still here: read them, then send again."),
    "minutes_again": Label("这个页面已经提交过另一份意见。要改变意见，请再提交一次，会记为新的一份。", "This page has already sent another word. To change it, send once more; it becomes a new one."),
    "minutes_bound": Label("意见只对上面这份纪要有效；之后纪要有改动，就要重新确认。", "Your word is of these minutes only; after an edit it has to be given again."),
    "objection_hint": Label("有异议请写哪一处不对、应该怎么写；确认可以不写。", "If you object, say what is wrong and how it should read; optional if you confirm."),
    "objection_needed": Label("选了“有异议”，请写哪一处不对", "You object; say what is wrong"),
    # a form that follows publications
    "open_until": Label("接收至 {time}（{zone}）", "Open until {time} ({zone})"),
    "open_from": Label("{time} 开始接收（{zone}）", "Opens {time} ({zone})"),
    "closed_since": Label("已于 {time} 截止（{zone}）", "Closed since {time} ({zone})"),
    "zone_beijing": Label("北京时间", "Beijing time"),
    "wanted_now": Label("正在征集：{titles}", "Wanted now: {titles}"),
    "not_open_now": Label("现在没有开放", "Not open now"),
    "closed_now": Label("目前不接收", "Closed at the moment"),
    "closed_early": Label("还没有开始接收", "Not open yet"),
    "closed_closed": Label("已经截止", "Closed"),
    "closed_text_early": Label("开始以后，从同一个网址就能填写。", "From then on you can fill it in at the same address."),
    "closed_text_closed": Label("截止以后不再接收新的资料。已经提交的不受影响，凭回执号可以查看进展。", "Nothing new is taken after the closing. What was sent is safe; its receipt number shows how it stands."),
    "closed_nothing": Label("这一次提交没有收下，什么也没有保存。", "This was not taken, and nothing was stored."),
    "closed_ask": Label("请联系{company}{department}", "Please contact {department} of {company}"),
    # scoring through a personal link
    "review": Label("候选评分", "Scoring of candidates"),
    "review_for": Label("这个链接只属于 {person}，请不要转发。", "This link belongs to {person} alone; please do not pass it on."),
    "review_rules": Label("按规则版本 {version} 评分。每项 1 到 5 分；不适用于这家企业的项目选“不适用”，不会按 0 分计。", "Scored under rule version {version}. Marks from 1 to 5; choose “not applicable” where an indicator does not fit, it never counts as 0."),
    "review_deadline": Label("请最迟于 {day}提交。", "Please send your marks by {day} at the latest."),
    "review_overdue": Label("评分期限 {day}已过；负责人截止评分之前，仍可提交。", "The deadline, {day}, has passed; until scoring is closed you can still send."),
    "review_blind": Label("所有评审人交齐之前，谁也看不到别人的评分。已交 {n}/{total} 份。", "Nobody sees another's marks until all are in. {n} of {total} sheets are in."),
    "review_early": Label("评分还没有开始，请等负责人通知。", "Scoring has not begun; please wait for word."),
    "review_closed": Label("评分已经截止，不能再修改。", "Scoring is closed; nothing can be changed any more."),
    "votes": Label("表决", "Vote"),
    "votes_lede": Label("按上面的排名逐家表决。不推荐，或没有推荐排名更前的候选，都要写明理由。提交以后可以再表决，以最新一次为准。", "Vote on each candidate of the ranking above. A vote against, or one that passes over a better ranked candidate, needs a reason. You can vote again; the newest vote counts."),
    "votes_final": Label("评审会已经定稿，不再表决。", "The panel is final; votes are no longer taken."),
    "votes_done": Label("表决已收到。", "Your votes are in."),
    "votes_old": Label("这一票之后排名有变，已经失效，请重新表决。", "The ranking changed after this vote; it no longer counts. Please vote again."),
    "votes_stands": Label("已表决", "Voted"),
    "votes_recused": Label("您已声明回避，不参加这一家的表决。", "You are recused and do not vote on this candidate."),
    "votes_reason": Label("理由", "Reason"),
    "votes_send": Label("提交表决", "Send votes"),
    "review_open": Label("评分已经公开", "The marks are open"),
    "ranking": Label("排名", "Ranking"),
    "rank": Label("名次", "Rank"),
    "company": Label("企业", "Company"),
    "official": Label("官方得分", "Official score"),
    "grade": Label("等级", "Grade"),
    "no_results": Label("结果正在计算，请稍后刷新。", "Results are being computed; refresh in a moment."),
    "made_of": Label("得分构成：{name}", "What makes up the score: {name}"),
    "indicator": Label("指标", "Indicator"),
    "share": Label("占比 %", "Weight %"),
    "mean_mark": Label("平均分", "Mean mark"),
    "points": Label("得分", "Points"),
    "everyones_marks": Label("各位评审人的评分：{name}", "Everybody's marks: {name}"),
    "declaration": Label("利益冲突声明", "Conflict of interest"),
    "declaration_ask": Label("您或近亲属与 {name} 是否有任职、持股、交易或其他可能影响公正的关系？", "Do you or your close family have a post, shares, dealings or any other tie with {name} that could affect your judgement?"),
    "declaration_no": Label("没有利益冲突，开始评分", "No conflict; begin"),
    "declaration_yes": Label("有，我回避这家候选", "Yes; I recuse myself from this candidate"),
    "declare_first": Label("请先作利益冲突声明", "Please make the declaration first"),
    "recusal_reason": Label("回避原因", "Reason"),
    "reason_needed": Label("请写明回避原因", "Give the reason for recusal"),
    "declare": Label("确认声明", "Confirm"),
    "declared": Label("您已声明没有利益冲突。", "You declared no conflict of interest."),
    "declare_again": Label("更改声明", "Change the declaration"),
    "declare_drops": Label("选择回避后，这家候选的评分草稿作废。", "If you recuse yourself, your draft for this candidate is dropped."),
    "recused": Label("您已声明回避，对这家候选不评分。", "You are recused from this candidate."),
    "weight_of": Label("权重 {n}", "weight {n}"),
    "from_number": Label("{fact}：按数据换算，不需要打分", "{fact}: converted from a number; no mark needed"),
    "their_facts": Label("对方提交的资料", "What they submitted"),
    "evidence": Label("依据", "Evidence"),
    "comment": Label("评语", "Comment"),
    "not_applicable": Label("不适用", "Not applicable"),
    "mark_needed": Label("请给“{title}”打分，或选不适用", "Give “{title}” a mark, or choose not applicable"),
    "evidence_needed": Label("请写“{title}”的依据", "Give the evidence for “{title}”"),
    "save_draft": Label("保存草稿", "Save draft"),
    "send_sheet": Label("提交评分", "Send marks"),
    "send_hint": Label("提交后不能再改。", "Nothing can be changed after sending."),
    "autosaved": Label("已自动保存 {time}，已填 {n}/{total}", "Saved by itself at {time}; {n} of {total} filled in"),
    "saved_at": Label("草稿保存于 {time}，已填 {n}/{total}", "Draft saved {time}; {n} of {total} filled in"),
    "save_failed": Label("没有保存上，内容还在页面上，连上后会再试。", "Not saved; what you wrote is still here and will be tried again."),
    "sheet_sent": Label("这份评分已经提交。", "This sheet has been sent."),
    "typed_in_book": Label("工作簿里已有您对这家候选的评分，不能再用链接重复评分。", "The workbook already holds your marks for this candidate; the link cannot mark it again."),
    "begun_in_book": Label("工作簿里有您对这家候选的部分评分。请联系评审会负责人，在工作簿里补齐。", "The workbook holds some of your marks for this candidate. Ask the person in charge to complete them there."),
    "review_unavailable": Label("现在无法保存。您写的内容都在下面，请过几分钟再试。", "This cannot be saved now. All you wrote is below; try again in a few minutes."),
    "review_csrf": Label("页面停留太久，这一次没有保存。您写的内容都在下面，请再按一次。如果再次出现，请允许浏览器保存 Cookie。", "The page was open too long, so nothing was saved. All you wrote is below; press the button again. If this comes again, allow your browser to keep cookies."),
    "to_panel": Label("全部候选", "All candidates"),
    "told_title": Label("没有保存", "Not saved"),
    # frame
    "product": Label("伙伴簿", "PartnerBook"),
    "mark": Label("伙", "P"),
    "skip": Label("跳到正文", "Skip to content"),
    "other_language": Label("English", "中文"),
    "other_language_code": Label("en", "zh-CN"),
    "privacy": Label("隐私说明", "Privacy"),
    "beijing": Label("时间均为北京时间（UTC+8）", "All times are Beijing time (UTC+8)"),
    "zone": Label("时间均为 {zone}（UTC{offset}）", "All times are {zone} (UTC{offset})"),
    "all_forms": Label("全部表单", "All forms"),
    "page_title": Label("{title} – {company}", "{title} – {company}"),
    # the first page
    "home": Label("合作伙伴填报", "Forms for partners"),
    "home_lede": Label("无需注册。选一项填写，提交后凭回执号查看进度。", "No account. Fill in a form, then follow it with the receipt number."),
    "open_now": Label("现在可以填写", "Open now"),
    "for_whom": Label("适合：{who}", "For: {who}"),
    "minutes": Label("约 {n} 分钟", "About {n} minutes"),
    "look_up": Label("查询进度", "Follow a submission"),
    "look_up_hint": Label("输入提交后得到的回执号，共 20 位。", "The receipt number has 20 characters."),
    "receipt_number": Label("回执号", "Receipt number"),
    "look_up_button": Label("查询", "Look up"),
    # a form
    "parts": Label("各部分", "Parts"),
    "have_ready": Label("请备好", "Have ready"),
    "no_draft": Label("填写的内容提交后才保存，请留出时间一次填完。", "Nothing is saved before you submit; allow the time."),
    "optional": Label("（选填）", "(optional)"),
    "error": Label("错误：", "Error: "),
    "errors_one": Label("有 1 处需要修改", "1 thing to correct"),
    "errors_many": Label("有 {n} 处需要修改", "{n} things to correct"),
    "choose": Label("请选择", "Choose"),
    "left": Label("还可以填 {n} 字", "{n} characters left"),
    "over": Label("超出 {n} 字", "{n} characters too many"),
    "up_to": Label("最多 {n} 字", "Up to {n} characters"),
    "money_label": Label("{label}（{unit}）", "{label} ({unit})"),
    "money_echo": Label("即 {n} {unit}", "That is {unit} {n}"),
    "before_first": Label("填写之前", "Before you begin"),
    "before_send": Label("提交之前", "Before you submit"),
    "privacy_more": Label("保存什么、保存多久", "What is kept, and how long"),
    "sending": Label("正在提交…", "Sending…"),
    "unsaved": Label("填写的内容还没有提交", "What you typed is not submitted yet"),
    # files
    "files_hint": Label("PDF、JPG、PNG、HEIC、OFD、Word、PPT 或 Excel；每份不超过 {mb} MB，最多 {n} 份", "PDF, JPG, PNG, HEIC, OFD, Word, PowerPoint or Excel; up to {mb} MB each, {n} at most"),
    "files_total": Label("所有附件合计不超过 {mb} MB。", "All files together: {mb} MB at most."),
    "files_later": Label("现在没有可以不传，会记为“待补”。", "If you have none yet, it is noted as “to follow”."),
    "files": Label("{label}：已收到的文件", "{label}: files received"),
    "received": Label("已收到", "received"),
    "remove": Label("移除", "Remove"),
    "uploading": Label("正在上传", "Uploading"),
    "upload_progress": Label("上传进度", "Upload progress"),
    "upload_failed": Label("没有传完，请重试", "Not finished; try again"),
    "upload_wait": Label("还有文件没有传完，请等待、重试或移除", "A file is not there yet: wait, try again or remove it"),
    "retry": Label("重试", "Try again"),
    "cancel": Label("取消", "Cancel"),
    "too_big": Label("超过 {mb} MB，请压缩或拆分后再传", "Over {mb} MB; make it smaller or split it"),
    # notices above a form
    "csrf_title": Label("页面停留太久，请再按一次提交", "The page was open too long; submit again"),
    "csrf": Label("您填写的内容都在下面，没有丢失。如果再次出现，请允许浏览器保存 Cookie。", "All you typed is below. If this comes again, allow your browser to keep cookies."),
    "identity_title": Label("这个页面已失效，请再按一次提交", "This page has expired; submit again"),
    "identity": Label("您填写的内容都在下面，没有丢失，也还没有提交。", "All you typed is below; it has not been submitted yet."),
    "conflict_title": Label("这份表单已经提交过，内容与这一次不同", "This form was already submitted with other content"),
    "conflict": Label("先前的内容没有改动。下面是这一次的内容，再按一次会作为新的一份提交。", "The first one is unchanged. Below is what you typed now; press again to send it as a new one."),
    "unavailable_title": Label("现在无法保存，没有生成回执", "This cannot be saved now; there is no receipt"),
    "unavailable": Label("您填写的内容都在下面。请过几分钟再按一次提交。", "All you typed is below. Submit again in a few minutes."),
    # corrections
    "edit": Label("更正", "Correct what you sent"),
    "edit_hint": Label("经办人核实之前可以更正；提交后成为第 {n} 版，回执号不变。", "You can correct it until the staff have verified it. It becomes version {n} under the same receipt number."),
    "edit_title": Label("更正：{title}（第 {n} 版）", "Correct: {title} (version {n})"),
    "edit_back": Label("回到回执", "Back to the receipt"),
    "edit_closed": Label("经办人已开始处理，不能再自行更正", "The staff are at work on it; it can no longer be corrected here"),
    "edit_late_title": Label("没有保存：经办人已开始处理", "Not saved: the staff are at work on it"),
    "edit_late": Label("您填写的内容都在下面，可以复制下来。需要更正请带着回执号联系经办人。", "All you typed is below; you can copy it. Contact the staff and give the receipt number."),
    "edit_closed_text": Label("需要更正请带着回执号联系经办人。", "Contact the staff and give the receipt number."),
    "edit_conflict_title": Label("没有保存：这份提交在另一个窗口里更正过", "Not saved: it was corrected in another window"),
    "edit_conflict": Label("您填写的内容都在下面。请核对后再按一次提交，会成为最新的一版。", "All you typed is below. Check it and submit again; it becomes the newest version."),
    # why a submission waits
    "why_open": Label("经办人的工作簿正打开着", "The workbook of the staff is open"),
    "why_saved": Label("经办人刚刚保存过工作簿", "The staff have just saved the workbook"),
    "why_writer": Label("另一批提交正在写入", "Other submissions are being written"),
    "why_place": Label("工作簿所在的位置现在不能写入", "The place of the workbook cannot be written"),
    "why_book": Label("工作簿需要经办人检查", "The workbook needs a look by the staff"),
    "why_table": Label("工作簿里的表格需要经办人整理", "A table of the workbook needs the staff's hand"),
    "why_row": Label("有一项内容写不进工作簿，经办人会与您联系", "Something in it does not fit the workbook; the staff will contact you"),
    "waits_since": Label("从 {time} 起", "since {time}"),
    "next_try": Label("下次尝试 {time}", "next try {time}"),
    "clause": Label("，", ", "),
    # receipt
    "copy": Label("复制回执号", "Copy number"),
    "copied": Label("已复制", "Copied"),
    "print": Label("打印", "Print"),
    "qr": Label("二维码，打开本回执的进度页", "QR code that opens this page"),
    "form": Label("表单", "Form"),
    "form_version": Label("{title}，第 {n} 版", "{title}, version {n}"),
    "sent_at": Label("提交时间", "Submitted"),
    "attachments": Label("附件", "Files"),
    "files_count": Label("{n} 份", "{n}"),
    "files_none": Label("没有", "None"),
    "to_follow": Label("；待补：{names}", "; to follow: {names}"),
    "list_comma": Label("、", ", "),
    "keep_title": Label("请保存回执号。", "Keep the receipt number."),
    "keep": Label("凭它查询进度和更正内容，请不要转发；我们只保存它的指纹，不能替您找回。", "It opens this page and what you sent; do not pass it on. We keep only its fingerprint and cannot find it for you."),
    "where": Label("提交状态", "Where it is"),
    "next": Label("接下来", "What happens next"),
    "now": Label("进行中", "now"),
    "as_of": Label("截至 {time}", "As of {time}"),
    "as_of_hint": Label("进度以经办人最近一次保存为准。", "Progress is as of the last time that staff saved."),
    "safe_waiting": Label("已安全保存，正在转给经办人", "Stored safely, on its way to the staff in charge"),
    "safe_waiting_text": Label("您不需要再做什么，也不要重复提交。", "Nothing is left for you to do; please do not submit again."),
    "safe_blocked_text": Label("经办人的工作簿此刻不能写入，可以写入时自动转交。请不要重复提交。", "The workbook of the staff cannot be written right now; it goes there as soon as it can. Please do not submit again."),
    "safe_written": Label("已转到经办人的工作簿", "Handed to the staff in charge"),
    "safe_written_text": Label("有进展时会写在本页，可随时回来查看。", "Progress is written on this page; come back any time."),
    "removed": Label("经办人已把这份提交移出工作簿", "The staff took this submission out of the workbook"),
    "removed_text": Label("如果不清楚原因，请带着回执号联系{department}。", "If you do not know why, ask {department} and give the receipt number."),
    "message": Label("经办人的话", "Message from the staff"),
    "refresh": Label("刷新", "Refresh"),
    "ask": Label("有问题？", "Questions?"),
    "ask_text": Label("请带着回执号联系{company}{department}", "Contact {department} of {company} and give the receipt number"),
    # errors
    "not_found": Label("没有这个页面", "There is no such page"),
    "not_found_text": Label("网址可能少了一段。", "Part of the address may be missing."),
    "no_receipt": Label("找不到这个回执", "This receipt was not found"),
    "no_receipt_text": Label("请对照回执逐位检查，共 20 位。短横可以不填，不分大小写。", "Compare it character by character; there are 20. Hyphens and case do not matter."),
    "bad_request": Label("这个请求不完整", "This request is incomplete"),
    "bad_request_text": Label("请回到表单，再提交一次。", "Go back to the form and submit again."),
    "not_allowed": Label("这个地址不能这样打开", "This address cannot be opened that way"),
    "not_allowed_text": Label("请从首页进入。", "Begin at the first page."),
    "too_large": Label("内容太大，没有收到", "Too large; nothing was received"),
    "too_large_text": Label("一次提交的文件合计不超过 {mb} MB，文字不超过 4 MB。请减少附件后再提交。", "Files of one submission: {mb} MB at most; text: 4 MB. Send fewer files."),
    "broken": Label("程序出了问题，没有生成回执", "Something broke; there is no receipt"),
    "broken_text": Label("问题已记录。已经拿到的回执不受影响，请稍后再试。", "It was noted. Receipts that you have are safe; try again later."),
    "to_home": Label("回到首页", "To the first page"),
    # privacy page
    "privacy_lede": Label("我们保存什么、在哪里、保存多久。", "What we keep, where, and how long."),
    "privacy_what": Label("保存什么", "What is kept"),
    "privacy_what_1": Label("您在表单里填写的内容和附件，以及提交时间。", "What you fill in, your files, and the time of submission."),
    "privacy_what_2": Label("回执号的指纹，不保存回执号本身。", "A fingerprint of the receipt number, not the number."),
    "privacy_what_3": Label("伙伴簿本身不保存您的 IP 地址和浏览器信息。", "PartnerBook itself stores neither your address nor your browser."),
    "privacy_where": Label("在哪里", "Where"),
    "privacy_where_1": Label("在{company}自己的服务器和工作簿里，不交给第三方平台。", "On the servers and in the workbook of {company}; no third-party platform is involved."),
    "privacy_where_2": Label("由{department}和负责这项工作的人员查看。", "{department} and the staff in charge of the matter see it."),
    "privacy_long": Label("保存多久", "How long"),
    "privacy_long_1": Label("传了附件但没有提交：附件 30 天后删除。", "Files that were sent without submitting the form: deleted after 30 days."),
    "privacy_long_2": Label("已提交的内容：由{company}按合作档案的规定保存和删除。", "What was submitted: kept and deleted by {company} under its rules for partner records."),
    "privacy_long_3": Label("要查看、更正或删除，请带着回执号联系{department}。", "To see, correct or delete it, contact {department} and give the receipt number."),
    "privacy_cookies": Label("Cookie", "Cookies"),
    "privacy_cookies_1": Label("两个：一个防止他人冒用页面，关闭浏览器即删除；一个记住语言，一年。", "Two: one keeps others from misusing the page, until the browser is closed; one remembers the language, for a year."),
}  # fmt: skip

_WEEKDAYS = Label("一二三四五六日", "Mon Tue Wed Thu Fri Sat Sun")


def say(key: str, lang: str, /, **parts: object) -> str:
    """The words for a key, with their parts filled in."""
    words = WORDS[key].get(lang)
    return words.format(**parts) if parts else words


def write_day(day: date, lang: str, *, year: bool = True) -> str:
    """A day as people say it: `2026 年 11 月 23 日（周一）`, `Mon 23 November 2026`."""
    if lang.startswith("en"):
        words = f"{_WEEKDAYS.en.split()[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
        return f"{words} {day.year}" if year else words
    words = f"{day.month} 月 {day.day} 日（周{_WEEKDAYS.zh[day.weekday()]}）"
    return f"{day.year} 年 {words}" if year else words


def write_time(moment: datetime, lang: str, *, year: bool = True) -> str:
    """A local time as people say it: `2026 年 11 月 23 日（周一）14:52`, `Mon 23 November 2026, 14:52`."""
    comma = ", " if lang.startswith("en") else ""
    return f"{write_day(moment, lang, year=year)}{comma}{moment:%H:%M}"


def write_size(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"


def write_offset(offset: timedelta | None) -> str:
    """The distance from UTC: `+8`, `-3:30`."""
    minutes = int((offset or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


_MONTHS = "January February March April May June July August September October November December".split()
