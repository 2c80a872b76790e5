"""What the stand-in remembers: responses and files."""

import pytest

from tests.upstream.embedded.room import Answered, Room, events, question
from tests.upstream.embedded.test_shapes import send


def test_a_stored_response_is_read_back() -> None:
    room = Room()
    made = room.post("/v1/responses", question("hi")).json
    assert room.get(f"/v1/responses/{made['id']}").json == made


def test_a_response_that_is_not_to_be_stored_is_not() -> None:
    room = Room()
    id = room.post("/v1/responses", question("hi", store=False)).json["id"]
    assert room.get(f"/v1/responses/{id}").status == 404


def test_a_deleted_response_is_gone() -> None:
    room = Room()
    id = room.post("/v1/responses", question("hi")).json["id"]
    assert room.ask("DELETE", f"/v1/responses/{id}").json["deleted"]
    assert room.get(f"/v1/responses/{id}").status == 404


@pytest.mark.parametrize("after", [None, 0, 5, 9999])
def test_a_stream_is_resumed_after_an_event(after: int | None) -> None:
    room = Room()
    made = events(room.post("/v1/responses", question("hi", stream=True)).body)
    id = made[0]["response"]["id"]
    query = "stream=true" + (f"&starting_after={after}" if after is not None else "")
    again = events(room.get(f"/v1/responses/{id}?{query}").body)
    assert again == made[0 if after is None else after + 1 :]


def test_a_fault_in_a_resumed_stream_keeps_the_numbers_going() -> None:
    room = Room()
    made = events(room.post("/v1/responses", question("hi", stream=True)).body)
    id = made[0]["response"]["id"]
    rest = room.get(f"/v1/responses/{id}?stream=true&starting_after=3", "error=2")
    assert [e["sequence_number"] for e in events(rest.body)] == [4, 5, 6, 7]


def test_a_background_response_is_done_a_second_later() -> None:
    room = Room()
    made = room.post("/v1/responses", question("hi", background=True)).json
    assert (made["status"], made["output"]) == ("queued", [])
    path = f"/v1/responses/{made['id']}"
    assert room.get(path).json["status"] == "in_progress"
    room.clock.advance(1)
    done = room.get(path).json
    assert (done["status"], done["completed_at"]) == ("completed", made["created_at"] + 1)
    assert room.post(f"{path}/cancel", {}).json["status"] == "completed"


def test_only_a_background_response_is_cancelled() -> None:
    room = Room()
    id = room.post("/v1/responses", question("hi", background=True)).json["id"]
    assert room.post(f"/v1/responses/{id}/cancel", {}).json["status"] == "cancelled"
    room.clock.advance(10)
    assert room.get(f"/v1/responses/{id}").json["status"] == "cancelled"
    id = room.post("/v1/responses", question("hi")).json["id"]
    assert room.post(f"/v1/responses/{id}/cancel", {}).status == 400


def test_input_items_are_paged() -> None:
    room = Room()
    words = [{"role": "user", "content": str(n)} for n in range(5)]
    id = room.post("/v1/responses", {"model": "gpt-5", "input": words}).json["id"]
    path = f"/v1/responses/{id}/input_items"

    def said(answered: Answered) -> list[str]:
        return [item["content"][0]["text"] for item in answered.json["data"]]

    assert said(room.get(path)) == ["4", "3", "2", "1", "0"]
    page = room.get(f"{path}?order=asc&limit=2")
    assert (said(page), page.json["has_more"]) == (["0", "1"], True)
    last = room.get(f"{path}?order=asc&limit=3&after={page.json['last_id']}")
    assert (said(last), last.json["has_more"]) == (["2", "3", "4"], False)
    assert room.get(f"{path}?limit=0").status == 400


def test_compaction_keeps_the_users_words() -> None:
    room = Room()
    items = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    made = room.post("/v1/responses/compact", {"model": "gpt-5", "input": items}).json
    assert [item["type"] for item in made["output"]] == ["message", "compaction"]
    again = room.post("/v1/responses", {"model": "gpt-5", "input": made["output"]})
    assert again.status == 200


def test_files_are_listed_by_purpose_and_page() -> None:
    room = Room()
    for number, purpose in enumerate(["batch", "vision", "batch"]):
        send(room, "/v1/files", {"purpose": purpose, "file": (f"{number}.txt", b"x")})
        room.clock.advance(1)

    def names(path: str) -> list[str]:
        return [file["filename"] for file in room.get(path).json["data"]]

    assert names("/v1/files") == ["2.txt", "1.txt", "0.txt"]
    assert names("/v1/files?purpose=batch") == ["2.txt", "0.txt"]
    first = room.get("/v1/files?limit=1").json
    assert names(f"/v1/files?after={first['last_id']}") == ["1.txt", "0.txt"]


def test_a_file_comes_back_byte_for_byte() -> None:
    room = Room()
    data = bytes(range(256)) * 3 + b"\r\n\r--edg\n\x00\r"
    made = send(room, "/v1/files", {"purpose": "user_data", "file": ("ä.bin", data)}).json
    assert (made["bytes"], made["filename"]) == (len(data), "ä.bin")
    assert room.get(f"/v1/files/{made['id']}/content").body == data


def test_a_form_with_another_boundary_gets_the_same_id() -> None:
    room = Room()
    one = send(room, "/v1/files", {"purpose": "batch", "file": ("a", b"x")}).json["id"]
    body = (
        b'--other\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--other\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--other--\r\n'
    )
    kind = {"content-type": "multipart/form-data; boundary=other"}
    assert room.post("/v1/files", data=body, more_headers=kind).json["id"] == one


def test_a_fault_stands_in_a_forms_model_as_well() -> None:
    fields = {"model": "whisper-1!status=503", "file": ("a", b"x")}
    with pytest.raises(AssertionError, match="overloaded"):
        send(Room(), "/v1/audio/transcriptions", fields)
