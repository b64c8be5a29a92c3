"""Which jobs to list: the filters of the page 'Job List' of the cielo24 API documentation."""

from typing import Annotated

from airflow_media.cielo24.options import Options
from airflow_media.cielo24.values import Choice, Moment, Text, Whole
from airflow_media.cielo24.vocabulary import DIFFICULTIES, FIDELITIES, JOB_STATUSES, PRIORITIES


class JobFilter(Options, frozen=True, kw_only=True):
    """What jobs must have to be listed. All bounds are inclusive; dates are in the time zone of the service."""

    creation_date_from: Annotated[str | None, Moment(), "Created then or later."] = None
    creation_date_to: Annotated[str | None, Moment(), "Created then or earlier."] = None
    start_date_from: Annotated[str | None, Moment(), "Begun then or later."] = None
    start_date_to: Annotated[str | None, Moment(), "Begun then or earlier."] = None
    due_date_from: Annotated[str | None, Moment(), "Due then or later."] = None
    due_date_to: Annotated[str | None, Moment(), "Due then or earlier."] = None
    complete_date_from: Annotated[str | None, Moment(), "Complete then or later."] = None
    complete_date_to: Annotated[str | None, Moment(), "Complete then or earlier."] = None
    return_date_from: Annotated[str | None, Moment(), "Returned then or later."] = None
    return_date_to: Annotated[str | None, Moment(), "Returned then or earlier."] = None
    authorization_date_from: Annotated[str | None, Moment(), "Authorized then or later."] = None
    authorization_date_to: Annotated[str | None, Moment(), "Authorized then or earlier."] = None
    job_status: Annotated[str | None, Choice(JOB_STATUSES), "In this state."] = None
    fidelity: Annotated[str | None, Choice(FIDELITIES), "Of this fidelity."] = None
    priority: Annotated[str | None, Choice(PRIORITIES), "Of this priority."] = None
    turnaround_time_hours_from: Annotated[int | None, Whole(), "With this turnaround or a longer one, in hours."] = None
    turnaround_time_hours_to: Annotated[int | None, Whole(), "With this turnaround or a shorter one, in hours."] = None
    job_name: Annotated[str | None, Text(), "Of this name; an asterisk stands for anything."] = None
    external_id: Annotated[str | None, Text(), "With this external id."] = None
    username: Annotated[str | None, Text(), "Of this sub-account; an asterisk: of all below, and one's own."] = None
    job_difficulty: Annotated[str | None, Choice(DIFFICULTIES), "As difficult as this."] = None

    def params(self) -> dict[str, str]:
        """Give what is set as it stands in a query, under the service's names: ``CreationDateFrom``, ``ExternalID``."""
        return {_name(name): value for name, value in super().params().items()}


def _name(name: str) -> str:
    return "ExternalID" if name == "external_id" else "".join(word.capitalize() for word in name.split("_"))
