"""What Airflow's configuration says about moving files: section ``[media]``, or ``AIRFLOW__MEDIA__...``.

=================== ======= ===========================================================================================
option              default
=================== ======= ===========================================================================================
``parallel_ranges`` 4       Connections that a large file is read with at a time, where its sender is slow on one; 1:
                            always one
``range_size``      8       MiB that each of them asks for at a time
=================== ======= ===========================================================================================
"""

from __future__ import annotations

from airflow_media.http.reading import MIB, Ranges


def configured_ranges() -> Ranges:
    """Give how large files are read.

    :raises InvalidRequestError: The configuration says less than 1 connection or 1 MiB.
    """
    from airflow.configuration import conf

    usual = Ranges()
    return Ranges(
        count=conf.getint("media", "parallel_ranges", fallback=usual.count),
        part=conf.getint("media", "range_size", fallback=usual.part // MIB) * MIB,
    )
