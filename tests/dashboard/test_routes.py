"""What an auditor reads on the pages."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from consentkit import ConsentLog
from consentkit.dashboard import routes
from consentkit.log import open_log
from consentkit.tlog.note import SigningKey
from consentkit.tlog.proofs import InclusionProof
from dashboard.auditor import (
    BUNDLE,
    EARLIER,
    SITE,
    SUBJECT,
    TODAY,
    YESTERDAY,
    auditing,
    read,
    refused,
    rows,
    tiles,
)

pytestmark = pytest.mark.anyio
AT = f"{TODAY}T00:00:01Z"


def index_of(log: ConsentLog, action: str) -> int:
    return next(one.index for one in log.entries() if one.entry and one.entry.action == action)


async def test_the_overview_counts_what_was_decided(log: ConsentLog) -> None:
    async with auditing(log) as client:
        page = read(await client.get(""))
    assert tiles(page) == {
        "Decisions": "6",
        "Accepted": "2",
        "Refused": "1",
        "Customised": "2",
        "Withdrawn": "1",
    }
    by_day = {row[0]: row[1:] for row in rows(page, "Decisions by day")}
    assert len(by_day) == 30
    assert by_day[YESTERDAY] == ["2", "1", "1", "0"] and by_day[TODAY] == ["0", "0", "1", "1"]
    assert rows(page, "Decisions by regime") == [
        ["opt-in", "2", "1", "1", "1"],
        ["opt-out", "0", "0", "1", "0"],
    ]
    assert rows(page, "Decisions by language") == [["en", "2", "1", "2", "1"]]
    assert rows(page, "Decisions by notice")[0][1:] == ["2", "1", "2", "1"]
    assert "is not known of these days" in page.get_text()


async def test_beside_each_table_the_same_numbers_are_drawn(log: ConsentLog) -> None:
    async with auditing(log) as client:
        page = read(await client.get("", params={"days": 90}))
    for pair in page.select(".pair"):
        drawn = sum(int(re.findall(r": (\d+) ", tip.get_text())[0]) for tip in pair.select("svg title"))
        table = sum(int(cell.get_text()) for cell in pair.select("td.count"))
        assert drawn == table == 7
        assert pair.select("svg[role=img][aria-label]")


async def test_the_range_is_chosen_by_form(log: ConsentLog) -> None:
    async with auditing(log) as client:
        page = read(await client.get("", params={"from": EARLIER, "to": EARLIER}))
        assert page.select(".tiles dd")[0].get_text() == "1"
        assert page.select(f"#from[value='{EARLIER}']")
        empty = read(await client.get("", params={"from": "2020-01-01", "to": "2020-01-31"}))
        assert "no decisions of these days" in empty.get_text() and empty.svg is None
        wrong = await client.get("", params={"from": "<b>"})
        assert wrong.status_code == 400 and "<b>" not in wrong.text


async def test_what_was_shown_is_told_and_marked_unaudited(path: Path) -> None:
    with ConsentLog(path) as log:
        for _ in range(9):
            log.observed.add("shown", ["opt-in en"], now=noon_of(YESTERDAY))
        log.observed.add("csp", ["opt-in en"], now=noon_of(YESTERDAY))
    async with auditing(path) as client:
        page = read(await client.get(""))
    assert "Unaudited, known for 1 of 30 days" in page.get_text()
    assert (tiles(page)["Shown*"], tiles(page)["Ignored*"]) == ("9", "5")
    assert rows(page, "Decisions by language") == [["en", "2", "1", "2", "1", "9", "5"]]
    assert {row[0]: row[5:] for row in rows(page, "Decisions by day")}[TODAY] == ["–", "–"]


def noon_of(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00Z").timestamp())


async def test_entries_are_listed_the_newest_first_page_by_page(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "PAGE_SIZE", 4)
    size, seen, address = log.head().size, [], "entries"
    async with auditing(log) as client:
        while address:
            page = read(await client.get(address))
            seen += [int(row[0]) for row in rows(page, "Entries, the newest first")]
            older = page.find("a", string="Older")
            address = "" if older is None else SITE + str(older["href"])
    assert seen == list(range(size - 1, -1, -1))


async def test_entries_are_found_by_day_and_action(log: ConsentLog) -> None:
    async with auditing(log) as client:
        found = read(await client.get("entries", params={"action": "accept_all"}))
        listed = rows(found, "Entries, the newest first")
        assert [row[2] for row in listed] == ["Accepted all"] * 3
        found = read(await client.get("entries", params={"action": "accept_all", "day": EARLIER}))
        assert [row[1][:10] for row in rows(found, "Entries, the newest first")] == [EARLIER]
        assert found.select("option[selected][value=accept_all]")
        nothing = read(await client.get("entries", params={"day": "2020-01-01"}))
        assert "No entry was found" in nothing.get_text()
        assert (await client.get("entries", params={"day": "yesterday"})).status_code == 400
        assert (await client.get("entries", params={"before": "-1"})).status_code == 404


async def test_an_id_or_a_notices_hash_leads_to_its_entry(log: ConsentLog) -> None:
    index = index_of(log, "withdraw")
    recorded = log.at(index)
    assert recorded is not None
    async with auditing(log) as client:
        for id, found in ((recorded.id, index), (recorded.id.upper(), index), (f" {BUNDLE.hash} ", 0)):
            answer = await client.get("entries", params={"id": id})
            assert (answer.status_code, answer.headers["location"]) == (303, f"/audit/entries/{found}")
        for id in ("0" * 64, "nonsense", "%", "' OR 1=1 --", "é" * 64, "\x00"):
            answer = await client.get("entries", params={"id": id})
            assert answer.status_code == 404 and "no entry with that id" in answer.text


async def test_an_entry_is_told_in_words(log: ConsentLog) -> None:
    index = index_of(log, "save")
    async with auditing(log) as client:
        text = read(await client.get(f"entries/{index}")).get_text(" ", strip=True)
    assert "All of it holds" in text
    for said in (
        "Saved a choice of their own on the banner",
        "Granted analytics Denied functional, marketing",
        "Opt-out: allowed until refused",
        f"{YESTERDAY} 09:00:00 UTC",
        "Global Privacy Control",
        f"Visitor {SUBJECT}",
        "analytics 0a1b2c",
        "_gid (1 day)",
        BUNDLE.hash,
    ):
        assert said in text, said


async def test_entries_of_the_logs_own_are_told_as_well(path: Path) -> None:
    with ConsentLog(path) as log:
        log.erase_now(SUBJECT, at=AT)
        list(log.purge(YESTERDAY, at=AT))
        before = log.head().size
    with open_log(path) as reader:
        kinds = {str(one.entry.type): one.index for one in reader.entries() if one.entry is not None}
    async with auditing(path) as client:
        for kind, said in {
            "notice": "Publication of a notice",
            "rollup": "Counts of a day",
            "erasure": "Destroyed entry 1",
        }.items():
            assert said in read(await client.get(f"entries/{kinds[kind]}")).get_text(" ", strip=True), kind
        assert (await client.get(f"entries/{before}")).status_code == 404


async def test_an_erased_entry_says_when_and_by_which_entry(path: Path) -> None:
    with ConsentLog(path) as log:
        assert log.erase_now(SUBJECT, at=AT)
        last = log.head().size - 1
    async with auditing(path) as client:
        page = read(await client.get("entries/1"))
        text = page.get_text(" ", strip=True)
        assert f"destroyed on {TODAY} 00:00:01 UTC: erasure of entries, entry {last}" in text
        assert "What can be checked holds" in text and "12 hashes" not in text
        assert SUBJECT not in page.get_text() and page.iframe is None
        listed = rows(read(await client.get("entries")), "Entries, the newest first")
        assert ["1", EARLIER, "Decision of a visitor: destroyed"] in [row[:3] for row in listed]


async def test_a_purged_entry_names_the_purge(path: Path) -> None:
    with ConsentLog(path) as log:
        assert [destroyed for _, destroyed in log.purge(YESTERDAY, at=AT)] == [1]
    async with auditing(path) as client:
        assert "purge of old entries" in read(await client.get("entries/1")).get_text()


async def test_the_proof_is_one_that_others_accept(log: ConsentLog) -> None:
    index = index_of(log, "withdraw")
    recorded, keys = log.at(index), log.keys()
    assert recorded is not None and keys is not None
    async with auditing(log) as client:
        answer = await client.get(f"entries/{index}/proof")
        page = read(await client.get(f"entries/{index}"))
    assert answer.headers["content-disposition"] == f'attachment; filename="entry-{index}.tlog-proof"'
    proof = InclusionProof.decode(answer.text)
    assert proof.check(recorded.leaf, keys.accepted).size == log.head().size
    steps = rows(page, "From the leaf to the root")
    assert [step[2] for step in steps] == [hash.hex() for hash in proof.hashes]
    assert steps[-1][3] == log.head().root.hex()
    assert recorded.leaf.decode() in [block.get_text() for block in page.select("pre")]


async def test_without_a_key_the_page_says_what_is_not_checked(path: Path) -> None:
    path.with_name(path.name + ".key").unlink()
    async with auditing(path) as client:
        text = read(await client.get("entries/1")).get_text(" ", strip=True)
        assert (
            "Not checked: The checkpoint is signed with the log's key. The log's public key is not known"
            in text
        )
        assert "What can be checked holds" in text
        assert "not known here" in read(await client.get("log")).get_text()


async def test_public_keys_can_be_named_where_the_key_is_kept_elsewhere(path: Path) -> None:
    with open_log(path) as reader:
        keys = reader.keys()
    assert keys is not None
    path.with_name(path.name + ".key").unlink()
    async with auditing(path, vkeys=[str(keys.signing.verifier)]) as client:
        assert "All of it holds" in (await client.get("entries/1")).text
        assert str(keys.signing.verifier) in read(await client.get("log")).get_text()
    other = SigningKey.generate(keys.signing.name)
    async with auditing(path, vkeys=[str(other.verifier)]) as client:
        assert "Something is wrong with it" in (await client.get("entries/1")).text


@pytest.mark.parametrize("index", ["99", "-1", "x", "1" * 16, "9" * 15, "1.0", "²", "%00"])
async def test_an_index_that_there_is_not_is_not_found(log: ConsentLog, index: str) -> None:
    async with auditing(log) as client:
        for address in (f"entries/{index}", f"entries/{index}/proof"):
            answer = await client.get(address)
            assert answer.status_code == 404 and "no entry with this index" in answer.text


async def test_the_banner_is_shown_as_it_was_and_nothing_in_it_can_work(log: ConsentLog) -> None:
    async with auditing(log) as client:
        page = read(await client.get(f"entries/{index_of(log, 'save')}"))
        frame = page.iframe
        assert frame is not None and not frame["sandbox"]
        banner = await client.get(SITE + str(frame["src"]))
    policy = banner.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "allow-" not in policy
    shown = read(banner)
    assert shown.find(id="consentkit-banner") and "Accept all" in shown.get_text()
    assert {link["href"][0] for link in shown.find_all("a")} == {"#"}
    assert not shown.find_all("script") and "<%" not in banner.text
    sheets = [str(link["href"]) for link in shown.find_all("link")]
    assert len(sheets) == 1 and sheets[0].startswith("data:text/css;base64,")


@pytest.mark.parametrize("hash", ["0" * 64, "nothing", "%2e%2e"])
async def test_a_notice_that_there_is_not_has_no_banner(log: ConsentLog, hash: str) -> None:
    async with auditing(log) as client:
        assert (await client.get(f"notices/{hash}/banner")).status_code == 404


async def test_the_logs_page_checks_what_takes_no_time(log: ConsentLog) -> None:
    keys, head = log.keys(), log.head()
    assert keys is not None
    async with auditing(log) as client:
        page = read(await client.get("log"))
    text = page.get_text(" ", strip=True)
    assert str(keys.signing.verifier) in text and str(keys.signing) not in text
    assert head.root.hex() in text
    assert head.checkpoint in [block.get_text() for block in page.select("pre")]
    assert len(page.select(".checks .holds")) == 4 and not page.select(".fails")
    assert "no file is named" in text


async def test_an_empty_log_has_pages_too(tmp_path: Path) -> None:
    with ConsentLog(tmp_path / "empty.sqlite3") as log:
        log.commit([])
        async with auditing(log) as client:
            for address in ("", "entries", "log", "exports"):
                assert "Something" not in read(await client.get(address)).get_text()
            assert (await client.get("exports/entries.jsonl")).text == ""


async def test_exports_are_whole_and_come_piece_by_piece(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "EXPORT_SIZE", 3)
    async with auditing(log) as client:
        lines = await client.get("exports/entries.jsonl")
        table = await client.get("exports/entries.csv")
        head = await client.head("exports/entries.csv")
        assert (await client.get("exports/entries.xml")).status_code == 404
    recorded = [json.loads(line) for line in lines.text.splitlines()]
    assert [one["index"] for one in recorded] == list(range(log.head().size))
    assert recorded[1]["subject"] == SUBJECT
    parsed = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert [int(row["index"]) for row in parsed] == list(range(log.head().size))
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="consent-log.csv"'
    assert head.headers["content-disposition"] == table.headers["content-disposition"] and not head.text


async def test_the_overview_reads_no_entry(log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("an entry was read")

    for name in ("entries", "at", "find", "search", "of_subject"):
        monkeypatch.setattr(log, name, forbidden)
    async with auditing(log) as client:
        assert (await client.get("", params={"days": 365})).status_code == 200


async def test_pages_write_nothing(path: Path) -> None:
    before = await anyio.Path(path).read_bytes()
    async with auditing(path) as client:
        for address in (
            "",
            "entries",
            "entries/1",
            "log",
            "exports/entries.csv",
            f"entries?id={BUNDLE.hash}",
        ):
            await client.get(address)
    assert await anyio.Path(path).read_bytes() == before


async def test_the_search_box_takes_a_visitor_a_day_and_an_index(log: ConsentLog) -> None:
    async with auditing(log) as client:
        for id, there in (
            (SUBJECT, f"/audit/entries?subject={SUBJECT}"),
            (YESTERDAY, f"/audit/entries?from={YESTERDAY}&to={YESTERDAY}"),
            ("3", "/audit/entries/3"),
        ):
            answer = await client.get("entries", params={"id": id})
            assert (answer.status_code, answer.headers["location"]) == (303, there)


async def test_a_visitors_entries_are_one_click_away(log: ConsentLog) -> None:
    theirs = [one.index for one in log.of_subject(SUBJECT)]
    async with auditing(log) as client:
        entry = read(await client.get(f"entries/{theirs[0]}"))
        (link,) = [one["href"] for one in entry.find_all("a") if one.get_text() == SUBJECT]
        page = read(await client.get(SITE + str(link)))
    assert [int(row[0]) for row in rows(page, "Entries, the newest first")] == theirs[::-1]
    assert f"/audit/evidence.zip?subject={SUBJECT}" in [one["href"] for one in page.find_all("a")]


async def test_one_filter_for_lists_counts_and_exports(log: ConsentLog) -> None:
    chosen = {"regime": "opt-out", "country": "DE", "language": "en", "purpose": "analytics"}
    async with auditing(log) as client:
        listed = rows(read(await client.get("entries", params=chosen)), "Entries, the newest first")
        counted = tiles(read(await client.get("", params=chosen)))
        exported = (await client.get("exports/entries.jsonl", params=chosen)).text.splitlines()
        assert (len(listed), counted["Decisions"], len(exported)) == (1, "1", 1)
        for wrong in ({"regime": "opt"}, {"country": "de"}, {"notice": "12"}, {"language": "'"}):
            for page in ("", "entries", "exports/entries.csv"):
                answer = await client.get(page, params=wrong)
                assert answer.status_code == 400 and "xpected as" in answer.text, (wrong, page)


async def test_numbers_lead_to_their_entries(log: ConsentLog) -> None:
    async with auditing(log) as client:
        overview = read(await client.get(""))
        links = [(str(one["href"]), one.get_text()) for one in overview.select(".tiles a, td a")]
        assert len(links) > 10
        for link, number in links:
            answer = await client.get(SITE + link)
            assert number == "0" or str(len(rows(read(answer), "Entries, the newest first"))) == number, link


async def test_numbers_of_a_filter_lead_to_what_they_count(log: ConsentLog) -> None:
    async with auditing(log) as client:
        for action in ("save", "save,allow_vendor", "accept_all,withdraw"):
            page = read(await client.get("", params={"action": action}))
            [chosen] = page.select("#action option[selected]")
            assert chosen["value"] == action
            for link in [str(one["href"]) for one in page.select(".tiles a, td a")]:
                asked = parse_qs(urlsplit(link).query)["action"][0].split(",")
                assert set(asked) <= set(action.split(",")), link
                assert read(await client.get(SITE + link)).find("table"), link


async def test_counts_are_offered_of_days_only(log: ConsentLog) -> None:
    async with auditing(log) as client:
        for query, offered in (
            ({"from": YESTERDAY, "to": TODAY}, True),
            ({"from": YESTERDAY}, False),
            ({"to": TODAY, "regime": "opt-in"}, False),
        ):
            page = read(await client.get("entries", params=query))
            links = [str(one["href"]) for one in page.find_all("a") if one.get_text() == "counts"]
            assert bool(links) is offered, query
            for link in links:
                assert (await client.get(SITE + link)).status_code == 200


async def test_notices_say_what_changed(path: Path) -> None:
    changed = json.loads(BUNDLE.body)
    changed["texts"]["opt-in.notice"] = changed["texts"]["opt-in.notice"].replace("We use", "They love")
    body = json.dumps(changed, sort_keys=True).encode()
    with ConsentLog(path) as log:
        log.publish(sha256(body).hexdigest(), body, {}, at=AT)
    async with auditing(path) as client:
        page = read(await client.get("notices"))
    newest, first = page.select("section.card")
    assert [one.get_text() for one in newest.select("del, ins")] == ["We use", "They love"]
    assert "The first in this language" in first.get_text()
    assert f"/audit/entries?notice={BUNDLE.hash}" in [one["href"] for one in first.find_all("a")]


async def test_evidence_is_one_click_away(log: ConsentLog) -> None:
    async with auditing(log) as client:
        for query, entries in ((f"subject={SUBJECT}", 5), ("entry=1", 2), (f"from={TODAY}&to={TODAY}", 4)):
            answer = await client.get(f"evidence.zip?{query}")
            assert answer.headers["content-type"] == "application/zip"
            with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
                assert pack.read("entries.jsonl").count(b"\n") == entries
        for query in ("entry=999", "subject=nobody-of-that-name", "entry=x"):
            assert (await client.get(f"evidence.zip?{query}")).status_code == 404


async def test_what_is_new_and_odd_is_told(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with ConsentLog(path) as log:
        kept.write_text(log.head().checkpoint or "")
        log.commit([refused(EARLIER)])
    async with auditing(path, checkpoint=kept) as client:
        assert "no entry stands after a later one" in read(await client.get("log")).get_text()
    async with auditing(path) as client:
        text = read(await client.get("log")).get_text(" ", strip=True)
    assert "entries that stand after later ones: 1, the first is entry" in text
    assert f"Counts reach back to {EARLIER}" in text
