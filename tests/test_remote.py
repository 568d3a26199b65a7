"""Logs on another machine: read where the user names them, the same as here, and refused in one line."""

from __future__ import annotations

import json
import os
import signal
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from http.client import HTTPMessage as Message
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest
from far_server import S3, Far, Web, files_below, serving
from shell import a_broken_log, a_log, run, spawn

import toolkit as tk
from toolkit.engines import over_http, over_s3
from toolkit.engines.choose import name_of
from toolkit.engines.s3_work import refusal
from toolkit.errors import LogError
from toolkit.investigation.data import basis
from toolkit.logs import read_log
from toolkit.records import Event
from toolkit.store import Store

LOG = "in/log.parquet"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give an environment of nobody's, and a folder for temporary files, in which every test leaves nothing."""
    for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield scratch
    assert [*scratch.glob("ml-postmortem-*")] == []


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of logs: one of each kind, one in days, and names that nobody likes."""
    place = tmp_path_factory.mktemp("logs")
    log = a_broken_log()
    log.to_parquet(place / "log.parquet")
    log.to_csv(place / "log.csv", index=False)
    log.to_csv(place / "log.csv.gz", index=False)
    log.to_json(place / "log.jsonl", orient="records", lines=True, date_format="iso")
    for day in range(3):
        folder = place / f"days/day=2026-01-0{day + 1}"
        folder.mkdir(parents=True)
        log.iloc[day * 200 : day * 200 + 200].to_parquet(folder / "part.parquet")
    (place / "days/_SUCCESS").write_text("")
    (place / "half.parquet").write_bytes(b"PAR1 and no more")
    odd = place / "it's; 100%25 é [x]"
    odd.mkdir()
    a_log(60).to_csv(odd / "lög \"1\" & 'DROP'.csv", index=False)
    return place


@pytest.fixture(scope="module")
def web(here: Path) -> Iterator[Far]:
    with serving(Web, files_below(here, "in")) as server:
        yield server


@pytest.fixture
def s3(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    with serving(S3, files_below(here, "bucket/in")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.at}")
        yield server


def refused(source: str) -> str:
    """Give the one line that a source is refused with; it says what to do."""
    with pytest.raises(LogError) as caught:
        read_log(source)
    line = str(caught.value)
    assert caught.value.fix
    assert "\n" not in line
    assert "ml-postmortem-" not in line
    return line


def diagnosed(source: str, reference: str | None = None) -> str:
    """Give the diagnosis of a log as JSON."""
    return json.dumps(tk.diagnose(source, reference=reference).to_dict(), sort_keys=True)


@pytest.mark.parametrize("name", ["log.parquet", "log.csv.gz", "days"])
def test_a_log_elsewhere_says_what_it_says_here(
    name: str, here: Path, s3: Far, web: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file and a folder in days are diagnosed from S3 as from here, copied or not; a file by HTTP too."""
    local = diagnosed(str(here / name))
    assert diagnosed(f"s3://bucket/in/{name}") == local
    if name != "days":
        assert diagnosed(f"http://{web.at}/in/{name}") == local
        return
    monkeypatch.setattr(over_s3, "COPIED", 0)
    assert diagnosed(f"s3://bucket/in/{name}") == local


def test_a_reference_elsewhere_is_one(here: Path, s3: Far, web: Far) -> None:
    """A log is held to a reference on S3 as to the same file here."""
    local = diagnosed(str(here / "log.csv"), str(here / LOG.removeprefix("in/")))
    assert diagnosed(f"http://{web.at}/in/log.csv", f"s3://bucket/{LOG}") == local


def test_what_is_shown_is_the_url(here: Path, s3: Far) -> None:
    """Name, hashes and what could not be read tell the URL, and the options of a store go with it."""
    asked = f"?endpoint_override=http%3A%2F%2F{s3.at}&region=eu-west-1"
    with read_log(f"s3://bucket/in/days{asked}") as log:
        assert log.name == f"s3://bucket/in/days{asked}"
        assert [*log.hashes] == [f"s3://bucket/in/days/day=2026-01-0{d}/part.parquet{asked}" for d in (1, 2, 3)]
        assert log.columns["day"] == "DATE"
    assert "half.parquet" in refused("s3://bucket/in/half.parquet")


def test_large_parquet_is_read_where_it_lies(s3: Far, at_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is copied; a query asks for the columns that it needs."""
    monkeypatch.setattr(over_s3, "COPIED", 0)
    with read_log("s3://bucket/in/days/*/part.parquet") as log:
        assert (log.validation.rows_kept, log.name) == (600, "s3://bucket/in/days/*/part.parquet")
        assert [f for f in at_home.rglob("*") if f.is_file()] == []
        assert [*log.hashes] == [log.name]
        assert log.rows.ask("SELECT count(*) FROM log", rows=1, seconds=10)[1] == [(600,)]


def test_names_that_nobody_likes_are_names(here: Path, s3: Far, web: Far) -> None:
    """Quotes, blanks, semicolons, per cent, brackets and letters of any language lead to that very file."""
    name = "it's; 100%25 é [x]/lög \"1\" & 'DROP'.csv"
    for url in (f"s3://bucket/in/{name}", f"http://{web.at}/in/{name.replace('%', '%25')}"):
        with read_log(url) as log:
            assert (log.validation.rows_kept, log.name) == (60, url)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("s3://nowhere/log.csv", "no such bucket"),
        ("s3://bucket/in/none.csv", "no such bucket, object"),
        ("s3://bucket/in/none*.csv", "no such bucket, object"),
        ("s3://closed/log.csv", "access is denied"),
        ("s3://bucket/in/days/_SUCCESS", "does not say what it is"),
        ("s3://bucket/in", "several formats: csv, jsonl, parquet"),
        ("s3://bucket/log.csv?color=blue", "no option 'color'"),
        ("s3://bucket/log.csv?scheme=file", "neither http nor https"),
        ("s3://bucket/in/log.csv?endpoint_override=127.0.0.1:9&scheme=http", "refuses the connection"),
        ("s3://", "names no host or bucket"),
        ("s3://a b/log.csv", "no bucket is called"),
        ("https://", "names no host or bucket"),
        ("http://[bad/log.csv", "no URL"),
        ("http://127.0.0.1/log\n.csv", "a sign that none may hold"),
        ("http://127.0.0.1:9/log.csv", "refuses the connection"),
        ("http://127.0.0.1:99999/log.csv", "no URL"),
        ("http://nowhere.invalid/log.csv", "no host"),
        ("http://WEB/", "does not say what it is"),
        ("http://WEB/in/log", "does not say what it is"),
        ("http://WEB/in/model.duckdb", "copy a database to this machine"),
        ("http://WEB/in/../log.csv", "leads out of its folder"),
        ("http://WEB/code/403/log.csv", "access is denied (403)"),
        ("http://WEB/code/404/log.csv", "no such file (404)"),
        ("http://WEB/code/503/log.csv", "in trouble (503)"),
        ("http://WEB/cut/log.csv", "cut off: 12 of 5,000 bytes"),
        ("http://WEB/page/log.csv", "a web page"),
        ("http://WEB/to/log.csv?to=file:///etc/passwd", "sends on to"),
        ("http://WEB/to/log.csv?to=ftp://127.0.0.1/log.csv", "sends on to"),
        ("http://WEB/to/log.csv", "sends on to"),
        ("https://WEB/in/log.csv", "not safe"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(source: str, said: str, s3: Far, web: Far) -> None:
    """What is wrong, where and what to do; nothing is left behind."""
    assert said in refused(source.replace("WEB", web.at))


@pytest.mark.parametrize(
    "source",
    [
        "https://ada:S3CRET@127.0.0.1/log.csv",
        "https://127.0.0.1/log.csv?X-Amz-Signature=S3CRET",
        "https://127.0.0.1/log.csv?a=1;sig=S3CRET",
        "https://127.0.0.1/log.csv#access_token=S3CRET",
        "https://127.0.0.1/log.csv?private%5Fkey=S3CRET",
        "https://127.0.0.1/log.csv?pass=S3CRET",
        "https://127.0.0.1/log.csv?user=ada:S3CRET@host",
        "https://127.0.0.1/in;jsessionid=S3CRET/log.csv",
        "https://127.0.0.1/https://ada:S3CRET@host/log.csv",
        "https://127.0.0.1/log.csv?token=S3CRET\u00a0",
        "https://ada:S3CRET@127.0.0.1/log\n.csv",
        "s3://KEY:S3CRET@bucket/log.csv",
        "s3://bucket/log.csv?secret_key=S3CRET",
        "s3://bucket/log.csv?scheme=http&endpoint_override=ada:S3CRET@127.0.0.1",
        "s3://bucket/log.csv?endpoint_override=http%3A%2F%2Fada:S3CRET@127.0.0.1",
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(source: str, s3: Far) -> None:
    """A URL is put on record, so it may hold none."""
    line = refused(source)
    assert "put on record" in line
    assert "S3CRET" not in line
    assert s3.asked == []


@pytest.mark.parametrize(
    "source",
    [
        "https://ada:S3CRET/log.csv",
        "https://ada:S3CRET%40127.0.0.1/log.csv",
        "https://ada:S3CRET@ho\u2100st/log.csv",
        "https:////ada:S3CRET@127.0.0.1/log.csv",
        "https://127.0.0.1/log.csv?S3CRET\u00a0",
    ],
)
def test_what_is_no_url_may_hold_a_secret_too(source: str) -> None:
    """A slip of the hand shows nobody a password."""
    assert "S3CRET" not in refused(source)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/in/log.csv?v=2", "log.csv"),
        ("https://host/in/log.csv?to/ken#part", "log.csv"),
        ("s3://bucket/in/why?.csv", "why?.csv"),
        ("s3://bucket/in/log.csv?region=eu-west-1", "log.csv"),
        ("in/log.csv?v=2", "log.csv?v=2"),
    ],
)
def test_a_document_names_the_file_alone(url: str, name: str) -> None:
    """What a server of the web is asked beside it may be for nobody's eyes."""
    assert name_of(url) == name


def test_what_comes_safely_does_not_go_on_in_the_open() -> None:
    """A redirect from https to http would let anybody on the way change the log."""
    follow, request = over_http._Redirects(), Request("https://host/log.csv")
    for url, followed in (("https://other/log.csv", True), ("http://host/log.csv", False)):
        with nullcontext() if followed else pytest.raises(ValueError, match=r"^http$"):
            assert follow.redirect_request(request, BytesIO(), 302, "", Message(), url)


def test_a_part_of_a_file_is_no_file(web: Far) -> None:
    """A server that answers with a part of it is not taken at its word."""
    assert "answered 206" in refused(f"http://{web.at}/code/206/log.csv")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("Could not open 'b/p-00403.parquet': Parquet magic bytes not found in footer.", "is damaged"),
        ("When reading key 'p-00301.parquet': AWS Error ACCESS_DENIED", "access is denied"),
        ("When reading key 'p.parquet': AWS Error UNKNOWN (HTTP status 301)", "in another region"),
        ("When listing: AWS Error NETWORK_CONNECTION: curlCode: 6, Could not resolve hostname", "no such host"),
    ],
)
def test_numbers_in_names_say_nothing(said: str, means: str) -> None:
    """What is wrong with a file is not read from the name of it."""
    assert means in str(refusal(said, "s3://b"))


def test_a_redirect_is_followed(here: Path, web: Far) -> None:
    """To another address of the web."""
    with read_log(f"http://{web.at}/to/log.csv?to=/in/log.csv") as log:
        assert log.validation.rows_kept == 600


def test_nobody_waits_for_ever(web: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is given up."""
    monkeypatch.setattr(over_http, "TIMEOUT", 0.2)
    assert "no answer came within 0.2 s" in refused(f"http://{web.at}/slow/log.csv")


@pytest.fixture
def heard() -> Iterator[None]:
    """Let no command that is started inherit a signal that is ignored here, as it is where ``nohup`` runs the tests."""
    ignored = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_IGN]
    for one in ignored:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one in ignored:
        signal.signal(one, signal.SIG_IGN)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_interrupting_leaves_nothing(name: str, web: Far, at_home: Path) -> None:
    """Ctrl-C while a file is fetched, or a terminal that is closed, ends it, and removes what was there."""
    asked = len(web.asked)
    with spawn("diagnose", f"http://{web.at}/slow/log.csv") as process:
        while len(web.asked) == asked:
            time.sleep(0.01)
        began = time.monotonic()
        process.send_signal(getattr(signal, name))
        _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert time.monotonic() - began < 5


def test_interrupting_waits_for_no_store(s3: Far, at_home: Path) -> None:
    """Ctrl-C while S3 says nothing is heard at once."""
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read_log("s3://slow/log.csv")
    assert time.monotonic() - began < 1.8


def test_what_goes_while_it_is_read_is_told(s3: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table that is read where it lies an object may go: one line says so, and no other machine's words."""
    monkeypatch.setattr(over_s3, "COPIED", 0)
    with read_log("s3://bucket/in/days") as log:
        s3.files.pop("/bucket/in/days/day=2026-01-02/part.parquet")
        with pytest.raises(LogError, match=r"no such bucket, object or folder \(s3://bucket/in/days\)"):
            log.rows.fetch("SELECT sum(score) FROM raw")


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("b/*.csv", "b/x.csv", True),
        ("b/*.csv", "b/c/x.csv", False),
        ("b/*.csv", "b/.x.csv", False),
        ("b/**/x.csv", "b/x.csv", True),
        ("b/**/**/x.csv", "b/c/d/x.csv", True),
        ("b/**", "b/c/x.csv", True),
        ("b/[ab].csv", "b/a.csv", True),
        ("b/A.csv", "b/a.csv", False),
        ("b/" + "**/" * 60 + "y.csv", "b/" + "c/" * 60 + "x.csv", False),
    ],
)
def test_a_glob_means_what_it_means_here(pattern: str, path: str, meant: bool) -> None:
    """Folders, hidden files and case are those of a glob of files."""
    assert over_s3.matches(path.split("/"), pattern.split("/")) is meant


def test_a_glob_of_names_with_colons_names_no_database(s3: Far) -> None:
    """Two colons stand before a table in the name of a file, not in the key of an object."""
    s3.files["/bucket/at::9/log.csv"] = s3.files["/bucket/in/log.csv"]
    with read_log("s3://bucket/at::9/*.csv") as log:
        assert log.validation.rows_kept == 600


def test_an_incident_records_the_url(tmp_path: Path, s3: Far, capsys: pytest.CaptureFixture[str]) -> None:
    """Opened, investigated, published and verified from S3; what is on record is the URL, and a change is seen."""
    url, home = f"s3://bucket/{LOG}", tmp_path / "incidents"
    made = run(capsys, "open", "Scores look off", "--log", url, "--reference", url, "--home", home)
    assert made.code == 0, made.err
    store = Store(home)
    (incident,) = store.incidents()
    assert (incident.log["paths"], incident.log["reference"]) == ([url], url)
    for _ in range(2):
        found = tk.investigate(store, incident.id, only=())
        assert found.diagnosis is not None
    verdict = store.diagnosis(incident.id)
    assert verdict is not None
    assert (verdict.log["name"], [*verdict.log["files"]]) == ("log.parquet", ["log.parquet"])
    tk.publish(store, incident.id)
    told = [f for f in (home / incident.id).rglob("*") if f.is_file() and b"s3://" in f.read_bytes()]
    assert told == [], "a document says nothing of where the log lies"
    verification = tk.verify(store, incident.id)
    assert (verification.basis, verification.problems) == ("log", ())
    assert [(one.path, one.state) for one in basis(store, incident.id).sources][:1] == [(url, "as it was")]
    s3.files[f"/bucket/{LOG}"] = s3.files["/bucket/in/days/day=2026-01-01/part.parquet"]
    assert not basis(store, incident.id).holds


def test_what_a_log_says_is_never_asked_for(tmp_path: Path, web: Far) -> None:
    """URLs in rows, names of columns and events are text, and nobody follows them."""
    url, asked = f"http://{web.at}/in/log.csv", len(web.asked)
    a_log(120).assign(site=url, **{url: [f"s3://bucket/{i % 3}" for i in range(120)]}).to_csv(tmp_path / "l.csv")
    happened = a_log(1).timestamp[0].to_pydatetime()
    tk.diagnose(str(tmp_path / "l.csv"), events=[Event(happened, "deploy", url, url)])
    assert len(web.asked) == asked


def test_tls_is_checked(web: Far) -> None:
    """Nobody turned the check of certificates off."""
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED
    assert "_create_unverified" not in Path(over_http.__file__).read_text(encoding="utf-8")
