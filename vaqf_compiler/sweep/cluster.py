"""Evaluation on a Dask cluster: one of local processes, or one that is already running."""

from __future__ import annotations

import asyncio
import logging
import pickle
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.errors import UserError
from vaqf_compiler.sweep.extra import import_extra
from vaqf_compiler.sweep.point import Json, Point, checked_result, failed_result

Evaluate = Callable[[Point], Mapping[str, Any]]
"""A function that can be pickled by name and returns JSON values with `fps` and `feasible`."""

CONNECT_SECONDS = 10.0
"""Seconds to wait for a scheduler."""
WORKER_SECONDS = 60.0
"""Seconds to wait for a worker while there is none."""
ASK_SECONDS = 2.0
"""Seconds between two checks whether there are workers."""
RETRIES = 6
"""
Number of times that a point is tried again after Dask has given it up. Dask does so when several
workers (by default four) died while they evaluated it, which is rarely the fault of the point.
"""
SILENT = logging.CRITICAL + 1


@contextmanager
def connect(scheduler: str | None, evaluate: Evaluate, *, workers: int) -> Generator[Any]:
    """
    A client of the cluster at the address `scheduler`, or if that is None of a new cluster of
    `workers` local processes. Raises UserError if nothing answers at the address, there is no
    worker, or the cluster lacks what `evaluate` needs.
    """
    distributed = import_extra("distributed")
    with _silence():
        if scheduler is not None:
            with _existing(distributed, scheduler) as client:
                _check_importable(client, evaluate)
                yield client
            return
        with tempfile.TemporaryDirectory(prefix="vaqf-sweep-") as scratch:
            with (
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    # There is a server anyway, but not at its usual port, which may be in use.
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                    memory_limit=0,  # no limit: with Dask's default, a worker pauses near its share
                    local_directory=scratch,
                    preload=["vaqf_compiler.sweep.worker_setup"],
                    silence_logs=SILENT,
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                yield client


@contextmanager
def _existing(distributed: Any, address: str) -> Generator[Any]:
    try:
        # A client would wait forever for a server that is not a scheduler and does not answer.
        asyncio.run(asyncio.wait_for(_knock(distributed, address), CONNECT_SECONDS))
        client = distributed.Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"no Dask scheduler answers at '{address}'; start one with `dask scheduler` and give "
            "its address as tcp://HOST:PORT, or leave it out to use this machine's processors"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise _no_workers(f"the Dask scheduler at '{address}' has no workers") from error
        yield client


async def _knock(distributed: Any, address: str) -> None:
    """Connect as a client does, and close the connection."""
    arguments = distributed.Security().get_connection_args("client")
    comm = await import_extra("distributed.comm").connect(address, CONNECT_SECONDS, **arguments)
    await comm.close()


def _no_workers(what: str) -> UserError:
    return UserError(
        f"{what}; start some with `dask worker`, and the sweep again with the same directory"
    )


@contextmanager
def _silence() -> Generator[None]:
    """Silence Dask's log of connections and of its own retries, which mean nothing to users."""
    import_extra("distributed")  # sets levels when it is first imported
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(SILENT)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_importable(client: Any, evaluate: Evaluate) -> None:
    """Raise UserError if the scheduler or a worker of a cluster lacks what evaluation needs."""
    # A worker that cannot load its task closes without telling the client.
    needed = pickle.dumps((attempt, evaluate))
    answers = client.run(pickle.loads, needed, on_error="return").values()
    try:
        client.run_on_scheduler(pickle.loads, needed)
        for answer in answers:
            if isinstance(answer, ImportError | AttributeError):
                raise answer
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"the Dask cluster cannot load what evaluates a point: {error}; its scheduler and "
            "workers need the same vaqf-compiler as this machine"
        ) from error


def evaluate_all(
    client: Any, evaluate: Evaluate, fingerprints: Mapping[Point, str]
) -> Iterator[tuple[Point, dict[str, Json]]]:
    """
    Evaluate points, given with their fingerprints, and yield each with its result when it is ready.
    A UserError or PassFailedException in an evaluation becomes a result; any other error is raised
    here, with its traceback. Raises UserError if the cluster is lost.
    """
    distributed = import_extra("distributed")
    tokenize = import_extra("dask.base").tokenize
    points = {
        client.submit(
            attempt, evaluate, point, key=f"vaqf-sweep-{tokenize(evaluate, point, fingerprint)}"
        ): point
        for point, fingerprint in fingerprints.items()
    }
    retries = dict.fromkeys(points, RETRIES)
    completed = distributed.as_completed(points)
    for future in _arrivals(client, completed):
        point = points[future]
        if future.status == "finished":
            yield point, future.result()
            continue
        error = future.exception() if future.status == "error" else None
        if error is None:
            raise UserError(
                "lost the Dask scheduler; start the sweep again with the same directory, which "
                "has what is done"
            )
        if not isinstance(error, distributed.KilledWorker):
            error.add_note(f"in the evaluation of {point}")
            future.result()
        if not retries[future]:
            raise UserError(
                f"all workers that evaluated {point.model} on {point.board} with {point.bits} bits "
                "died; if memory is short, use a Dask cluster with fewer workers"
            )
        retries[future] -= 1
        future.retry()
        completed.add(future)


def _arrivals(client: Any, completed: Any) -> Iterator[Any]:
    """The futures of `as_completed`. Raises UserError if there are no workers for too long."""
    asked = seen = time.monotonic()
    while not completed.is_empty():
        if completed.has_ready():
            yield next(completed)
            continue
        time.sleep(0.02)
        now = time.monotonic()
        if now - asked < ASK_SECONDS:
            continue
        asked = now
        if _has_workers(client):
            seen = now
        elif now - seen > WORKER_SECONDS:
            raise _no_workers("the Dask scheduler has no workers any more")


def _has_workers(client: Any) -> bool:
    try:
        return bool(client.nthreads())
    except OSError:  # the scheduler is lost, which the futures will report
        return True


def attempt(evaluate: Evaluate, point: Point) -> dict[str, Json]:
    """Evaluate one point, on a worker."""
    try:
        return checked_result(evaluate(point))
    except (UserError, PassFailedException) as error:
        return failed_result(str(error))
