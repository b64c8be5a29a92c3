"""Projects: made, shown, listed, renamed and, when empty, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from media_sandbox.pixop.paging import listing
from media_sandbox.pixop.records import Project, new_id
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.pixop.service import Call


async def get_project(call: Call) -> Response:
    """Return a project's details."""
    return _answer(call, find_project(call, call.parameter("project_id")))


async def list_projects(call: Call) -> Response:
    """Return a page of the team's projects."""

    def item(project: Project) -> dict[str, Any]:
        shown = _project(project)
        del shown["teamId"]
        return {"_links": {"self": {"href": call.url("videos", "project", project.id)}}, **shown}

    return listing(call, "projects", call.pixop.records.projects, item, {})


async def create_project(call: Call) -> Response:
    """Make a new project."""
    name = _name(await call.json())
    now = call.pixop.clock.stamp()
    return _answer(call, call.pixop.records.projects.add(Project(new_id(), call.identity.team_id, name, now, now)))


async def update_project(call: Call) -> Response:
    """Rename a project."""
    project = find_project(call, call.parameter("project_id"))
    name = _name(await call.json())
    changed = call.pixop.records.projects.change(project.id, name=name, updated=call.pixop.clock.stamp())
    assert changed is not None
    return _answer(call, changed)


async def delete_project(call: Call) -> Response:
    """Delete a project that holds no videos."""
    project = find_project(call, call.parameter("project_id"))
    videos = call.pixop.records.videos.count(project_id=project.id)
    if videos:
        message = f"the project still holds {videos} videos; they must be deleted first"
        raise ApiError(409, "ProjectNotEmptyException", message)
    call.pixop.records.projects.delete(project.id)
    return Response(status_code=204)


def find_project(call: Call, id_: str) -> Project:
    """Return a project of the caller's team.

    :raises ApiError: 404 when there is none.
    """
    project = call.pixop.records.projects.get(id_)
    if project is None or project.team_id != call.identity.team_id:
        raise ApiError(404, "NotFoundException", f"there is no project {id_}")
    return project


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if set(body) - {"name"} or not isinstance(name, str) or not name.strip():
        raise ApiError(400, "BadRequestException", 'the body must be {"name": <text>} and no more')
    return name


def _answer(call: Call, project: Project) -> Response:
    return call.answer({"project": _project(project)})


def _project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "teamId": project.team_id,
        "dateCreated": project.created,
        "timeLastUpdated": project.updated,
    }
