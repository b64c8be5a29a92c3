"""Whatever a file is called, by a person or by a service: it is read or written where it was meant to, or refused."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from fuzz_answers import TEXTS
from fuzz_services import Few
from fuzz_settings import fuzzed, typed_errors
from hypothesis import assume, example, given
from hypothesis import strategies as st

from airflow_media.http.bodies import MultipartBody
from airflow_media.http.call import Answer
from airflow_media.http.downloads import content_range, filename_from, size_of
from airflow_media.http.retry import LONGEST_RETRY_AFTER, retry_after_seconds
from airflow_media.storage import open_source, open_target
from airflow_media.storage.base import printable, scheme_of
from airflow_media.storage.local import LocalTarget
from airflow_media.storage.names import LONGEST, safe_name

ODD = st.sampled_from(
    [
        *(
            "",
            ".",
            "..",
            "...",
            "../../etc/passwd",
            "..\\..\\boot.ini",
            "/etc/passwd",
            "C:\\x",
            "a/b/../../../c",
            "~root/x",
        ),
        *("a\x00b", "a\nb", "con", "nul.txt", " x ", ".hidden", "x" * 300, "é" * 300 + ".mp4", "x." + "y" * 300),
        *("\u202egpj.exe", "\ud800", "a%2fb", "a%00b", "\uff0e\uff0e/x", "x/", "\u2028", "📼.mov", "a:b", "-rf", "*"),
    ]
)
NAMES = st.one_of(
    *(ODD, st.text(max_size=40), st.text(alphabet=st.characters(codec=None), max_size=10)),
    st.lists(ODD, max_size=3).map("/".join),
)
SCHEMES = ("file://", "FILE:///", "s3://", "http://", "https://", "gs://", "ftp://", "x-y+z://", "://")
URIS = st.one_of(NAMES, st.tuples(st.sampled_from(SCHEMES), NAMES).map("".join))


@fuzzed(10)
@given(NAMES)
def test_a_name_from_outside_becomes_a_plain_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= LONGEST
    assert PurePosixPath(safe).name == safe
    assert not {"/", "\\", "\x00", "\n"} & set(safe)
    assert not safe.startswith(".")
    assert safe_name(safe) == safe, "it is plain already"


@fuzzed(3)
@given(NAMES)
def test_a_file_stays_in_the_folder_it_was_meant_for(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    place = LocalTarget(folder, folder=True).resolve(name)
    with place.writer(4) as writer:
        writer.write(b"film")
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [folder]
    [written] = folder.iterdir()
    assert written.read_bytes() == b"film"
    written.unlink()


@fuzzed(5)
@given(st.sampled_from(["http", "https", "gs", "FTP"]), NAMES)
def test_what_is_printed_of_a_uri_tells_no_secret(scheme: str, rest: str) -> None:
    with typed_errors(secret="hunter2"):
        assert "hunter2" not in printable(f"{scheme}://ann:hunter2@{rest}?signature=hunter2")


@pytest.mark.airflow
@fuzzed(3)
@given(URIS)
@example("file:///\x00")
@example("/" + "x" * 5000)
def test_a_source_is_found_or_told_not_to_be(uri: str) -> None:
    assume(not uri.strip() or scheme_of(uri) in {"", "file"})
    with typed_errors():
        source = open_source(uri)
        assert Path(uri).is_file() or uri.lower().startswith("file:")
        with source.open() as pieces:
            next(pieces)


@pytest.mark.airflow
@fuzzed(3)
@given(URIS)
def test_a_target_is_named_or_refused(uri: str) -> None:
    assume(not uri.strip() or scheme_of(uri) in {"", "file", "http", "https"})
    with typed_errors():
        assert open_target(uri).uri is not None


# Header fields


ODD_FIELDS = (
    *("filename*=utf-8''%ff", "filename*=bogus''x", "filename*=''", "=?utf-8?b?////?="),
    "filename*0=a;filename*9999=b",
)
FIELDS = st.one_of(
    TEXTS,
    st.from_regex(r"(attachment|inline)?;? ?filename\*?\d?\*?=\"?[a-zA-Z0-9'%./\\;= \"]{0,20}", fullmatch=True),
    st.from_regex(r"(attachment; )?(filename\*[0-9]{1,6}\*?=[a-z'%\"]{0,6};? ?){1,3}", fullmatch=True),
    st.sampled_from(ODD_FIELDS),
)


@fuzzed(15)
@given(FIELDS)
@example("attachment; filename*=UTF-8''%E2%82%AC%20rates; filename=x")
def test_a_suggested_file_name_is_read_or_there_is_none(value: str) -> None:
    name = filename_from(value)
    assert name is None or (isinstance(name, str) and name)
    if name:
        assert "/" not in safe_name(name)


NUMBERS_AND_DATES = st.one_of(TEXTS, st.integers().map(str), st.text(alphabet="0123456789 GMTMonJan,:-+", max_size=40))


@fuzzed(10)
@given(NUMBERS_AND_DATES, st.floats(0, 1e10))
@example("9" * 5000, 0.0)
@example("Mon, 01 Jan 0001 00:00:00 +2359", 0.0)
@example("Fri, 31 Dec 9999 23:59:59 -2359", 0.0)
@example("²", 0.0)
def test_a_retry_after_is_a_number_of_seconds_that_can_be_waited_or_none(value: str, now: float) -> None:
    seconds = retry_after_seconds(value, now)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RETRY_AFTER


@fuzzed(10)
@given(
    st.one_of(TEXTS, st.from_regex(r"bytes [0-9]{0,30}-[0-9]{0,30}/[0-9*]{0,30}", fullmatch=True)),
    st.one_of(TEXTS, st.integers().map(str)),
)
@example("bytes 0-1/" + "9" * 5000, "9" * 5000)
def test_sizes_are_read_or_unknown(ranged: str, length: str) -> None:
    for number in content_range(ranged):
        assert number is None or number >= 0
    for headers in ({"content-range": ranged}, {"content-length": length}):
        size = size_of(Answer(200, headers))
        assert size is None or size >= 0


@fuzzed(5)
@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=2))
def test_no_name_breaks_out_of_a_form(filename: str, fields: dict[str, str]) -> None:
    try:
        body = MultipartBody(Few(), filename, fields=fields, boundary="b" * 32)
        length = body.length
    except UnicodeEncodeError:
        return  # told in words by the exchange: see its tests
    with body.open() as pieces:
        content = b"".join(pieces)
    assert len(content) == length
    heads = [part.split(b"\r\n\r\n")[0] for part in content.split(b"--" + b"b" * 32)[1:-1]]
    assert len(heads) >= len(fields) + 1
    last = heads[-1]
    assert last.count(b"\r\n") == 2, "two header fields and no more"
    name_field = [line for line in last.split(b"\r\n") if line.startswith(b"Content-Disposition")]
    assert len(name_field) == 1
    assert name_field[0].count(b'"') == 4
