"""The body of a job: put together, refused where its shape cannot be right, and marked without losing a word."""

from __future__ import annotations

from collections import UserList
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.errors import InvalidRequestError
from airflow_media.xvid.request import job_body, job_output, marked, unmarked

PIPELINE = "53a1ac4914eaa8ffa4fce91b"
OUTPUT = {"output_name": "MyTest", "preset": {"id": "p1"}}
KEY = "3f2a9c21-77e1a2c3d4e5f607"


def test_an_output_has_the_services_own_keys() -> None:
    assert job_output("MyTest", "p1") == OUTPUT
    assert job_output(
        "MyTest",
        "p1",
        video={"width": "50%"},
        settings={"audio": {"bitrate": "64k"}},
        thumbnails=[{"thumbnail_names": "t", "thumbnail_preset": "thumbnails_small"}],
        logos=[{"logo_image": "https://x.example/l.png", "logo_preset": "corner"}],
    ) == {
        **OUTPUT,
        "settings": {"audio": {"bitrate": "64k"}, "video": {"width": "50%"}},
        "thumbnails": [{"thumbnail_names": "t", "thumbnail_preset": "thumbnails_small"}],
        "logos": [{"logo_image": "https://x.example/l.png", "logo_preset": "corner"}],
    }


def test_a_job_is_put_together() -> None:
    body = job_body(
        input_name="uploads/test.mp4",
        outputs=[OUTPUT],
        pipeline_id=PIPELINE,
        output_prefix="{job_id}/",
        user_data="reel 7",
    )
    assert body == {
        "pipeline": {"id": PIPELINE},
        "input": {"input_name": "uploads/test.mp4"},
        "outputs": [OUTPUT],
        "output_prefix": "{job_id}/",
        "user_data": "reel 7",
    }


def test_what_is_empty_is_left_out() -> None:
    body = job_body(input_name="k", outputs=[OUTPUT], pipeline_id=PIPELINE, output_prefix="", user_data="")
    assert set(body) == {"pipeline", "input", "outputs"}


def test_a_whole_job_is_taken_as_it_is_with_the_pipeline_where_it_names_none() -> None:
    job = {
        "input": {"input_name": "k", "start_time": 1.5},
        "outputs": [OUTPUT],
        "autograph": {"watermark_strength": "light"},
    }
    assert job_body(job=job, pipeline_id=PIPELINE) == {**job, "pipeline": {"id": PIPELINE}}
    own = {**job, "pipeline": {"id": "another"}}
    assert job_body(job=own, pipeline_id=PIPELINE) == own
    assert "pipeline" not in job


def test_what_a_mapped_task_returned_is_a_list() -> None:
    outputs: Sequence[Any] = UserList([OUTPUT])
    body = job_body(input_name="k", outputs=outputs, pipeline_id=PIPELINE)
    assert body["outputs"] == [OUTPUT]
    assert type(body["outputs"]) is list


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_name": ""}, "input_name is missing"),
        ({"input_name": None}, "input_name is missing"),
        ({"pipeline_id": None}, "there is no pipeline"),
        ({"outputs": []}, "outputs is not a list"),
        ({"outputs": None}, "outputs is not a list"),
        ({"outputs": "[{...}]"}, "outputs is not a list"),
        ({"outputs": OUTPUT}, "outputs is not a list"),
        ({"outputs": ["MyTest"]}, r"outputs\[0\] is not an object"),
        ({"outputs": [OUTPUT, {"preset": {"id": "p1"}}]}, r"outputs\[1\] has no output_name"),
        ({"outputs": [{"output_name": "x", "preset": "p1"}]}, r"outputs\[0\] has a preset that is not written as"),
        ({"outputs": [{"output_name": "x", "preset": {"id": ""}}]}, r"outputs\[0\] has a preset"),
        ({"outputs": [{**OUTPUT, "settings": "small"}]}, r"outputs\[0\] has settings that are not an object"),
        ({"outputs": [{**OUTPUT, "thumbnails": {}}]}, r"outputs\[0\] has thumbnails that are not a list"),
        ({"outputs": [{**OUTPUT, "logos": "x"}]}, r"outputs\[0\] has logos that are not a list"),
        ({"outputs": [{**OUTPUT, "settings": {"at": datetime.now(UTC)}}]}, "JSON cannot hold"),
        ({"outputs": [{**OUTPUT, "settings": {"at": float("nan")}}]}, "JSON cannot hold"),
        ({"user_data": 7}, "user_data is not a text"),
        ({"job": {"input": {"input_name": "k"}}}, "job is given together with"),
    ],
)
def test_what_cannot_be_right_is_refused(changes: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {"input_name": "k", "outputs": [OUTPUT], "pipeline_id": PIPELINE, **changes}
    with pytest.raises(InvalidRequestError, match=words):
        job_body(**fields)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ([], "job is not an object"),
        ({"job": {"input": {}}}, "inside of the request's outer job key"),
        ({"pipeline_id": PIPELINE}, "write it as"),
        ({"input": "k", "outputs": [OUTPUT]}, "input_name is missing"),
    ],
)
def test_a_whole_job_of_another_shape_is_refused(job: Any, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        job_body(job=job, pipeline_id=PIPELINE)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidRequestError, match=r"input_name.*pipeline.*outputs"):
        job_body()


def test_the_users_text_stays_in_front_of_the_mark() -> None:
    job = {"outputs": [OUTPUT], "user_data": "reel 7"}
    assert marked(job, KEY) == {**job, "user_data": f"reel 7 [airflow {KEY}]"}
    assert marked({}, KEY) == {"user_data": f"[airflow {KEY}]"}
    assert job["user_data"] == "reel 7"


@given(st.text())
def test_the_users_text_comes_back_to_the_letter(text: str) -> None:
    assert (unmarked(marked({"user_data": text}, KEY)["user_data"]) or "") == text


@pytest.mark.parametrize("text", [None, ""])
def test_no_user_data_is_none(text: str | None) -> None:
    assert unmarked(text) is None


def test_what_only_looks_like_a_mark_stays() -> None:
    assert unmarked("[airflow] see ticket") == "[airflow] see ticket"
