"""Runs → responses of people, several at once, each finished part kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

from brainbench.atomic import write_whole
from brainbench.datasets.cards import Card, Scans
from brainbench.datasets.images import ImageError
from brainbench.errors import DataError, DownloadError
from brainbench.foreign import parse_json, read_text
from brainbench.imaging.prepare.kept import KeptParts
from brainbench.imaging.prepare.options import PrepareOptions
from brainbench.imaging.prepare.person import PreparedPerson, mean_motion
from brainbench.imaging.prepare.sources import RunName, RunSource
from brainbench.imaging.reading import read_run
from brainbench.imaging.rois import RegionError, Roi
from brainbench.imaging.run import RunResponses
from brainbench.progress import Progress, Step

MB = 1_000_000
# in the place of what marks the files of a run, where they could not be had
_GONE: Mapping[str, Any] = {"gone": True}
_POLL = 0.2  # s between looks at whether somebody pressed Ctrl-C

ReadRun = tuple[RunResponses, Mapping[str, Any]]
"""Voxels of a run, and what was noted of its files."""
Estimate = Callable[[str, Sequence[ReadRun], Mapping[str, str]], PreparedPerson]
"""From a person, all runs, and why others were left out, to responses."""


class Preparer:
    """Prepares people.

    Parameters
    ----------
    source : gives the runs.
    kept : finished parts.
    card : of the dataset.
    rois : regions by name.
    options : what decides the numbers.
    estimate : from all runs of a person to responses.
    progress : reports bytes, in MB.
    leave_out_faulty : whether people are finished without the runs that have a fault.

    Attributes
    ----------
    faults : run, or person and nothing → what is wrong with it.
    not_had : whether one of them is that images cannot be had.
    """

    def __init__(
        self,
        source: RunSource,
        kept: KeptParts,
        card: Card,
        rois: Mapping[str, Roi],
        options: PrepareOptions,
        estimate: Estimate,
        progress: Progress,
        leave_out_faulty: bool = False,
    ) -> None:
        self._source, self._kept, self._card = source, kept, card
        self._rois, self._options, self._estimate = rois, options, estimate
        self._bytes = _Bytes(sum(source.sizes.values()), progress)
        self._leave_out_faulty = leave_out_faulty
        self._stop = threading.Event()
        self._failed: Exception | None = None
        self._any_read = False
        self.faults: dict[RunName, str] = {}
        self.not_had = False

    def people(self, jobs: int) -> list[PreparedPerson]:
        """Responses of everybody whose runs have no fault, in the order of the source.

        Parameters
        ----------
        jobs : people at a time.

        Raises
        ------
        DownloadError, UsageError
            When images cannot be had or parts not be written; what is finished is kept.
        """
        names = list(dict.fromkeys(subject for subject, _ in self._source.sizes))
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            futures: list[Future[PreparedPerson | None]] = []
            try:
                futures = [pool.submit(self._stopping, name) for name in names]
                waiting = set(futures)
                while waiting:
                    # in steps, for on some systems a wait without end cannot be interrupted
                    done, waiting = wait(waiting, _POLL, FIRST_EXCEPTION)
                    for future in done:
                        future.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                if self._failed is not None:
                    raise self._failed from None
                raise
        return [person for future in futures if (person := future.result()) is not None]

    # ------------------------------------------------------------ one person

    def _stopping(self, subject: str) -> PreparedPerson | None:
        """What fails here stops the others, before a next one begins."""
        try:
            return self._person(subject)
        except Exception as error:
            self._failed = self._failed or error
            self._stop.set()
            raise

    def _person(self, subject: str) -> PreparedPerson | None:
        names = [name for name in self._source.sizes if name[0] == subject]
        path = self._kept.person_path(subject)
        if (person := self._finished(path, names)) is not None:
            self._bytes.skip(sum(self._source.sizes[name] for name in names))
            return person
        runs: list[ReadRun] = []
        left_out: dict[str, str] = {}
        gone: set[str] = set()
        for name in names:
            try:
                run, notes = self._run(name)
                self._any_read = True
            except ImageError as error:
                # of this file alone: the next may be whole
                self.faults[name] = " ".join(str(error).split())
                self.not_had = True
                gone.add(name[1])
                continue
            except DownloadError:
                raise
            except RegionError as error:
                # most likely of all runs alike: they are not brought in vain
                if not (self._any_read or self._leave_out_faulty):
                    raise RegionError(
                        f"{error}. Nothing was read before: correct --roi and begin anew with "
                        "--overwrite, or, if only such runs are at fault, use --leave-out-faulty"
                    ) from error
                self.faults[name] = str(error)
                continue
            except DataError as error:
                self.faults[name] = str(error)
                continue
            if reason := self._too_much_motion(run):
                left_out[name[1]] = reason
            else:
                runs.append((run, notes))
        if not self._leave_out_faulty and any(name in self.faults for name in names):
            return None
        left_out |= {name[1]: self.faults[name] for name in names if name in self.faults}
        if not runs:
            self.faults.setdefault((subject, ""), f"{subject}: no run is left")
            return None
        try:
            person = self._estimate(subject, runs, left_out)
        except DataError as error:
            self.faults[subject, ""] = f"{subject}: {error}"
            return None
        # so that a run that was mended, or is there again, comes in with a later call
        marks = {
            run: _GONE if run in gone else self._source.mark((subject, run))
            for run in person.left_out
        }
        person = replace(person, marks=marks)
        write_whole(path, person.to_bytes())
        self._kept.drop_runs(subject)
        return person

    def _finished(self, path: Path, names: Sequence[RunName]) -> PreparedPerson | None:
        """A person who was finished before, from files that are still the same."""
        if not path.is_file():
            return None
        try:
            person = PreparedPerson.from_bytes(path.read_bytes())
        except DataError:
            return None
        if {*person.runs, *person.left_out} != {run for _, run in names}:
            return None
        marks = {**person.marks, **{run: one.mark for run, one in person.runs.items()}}
        for name in names:
            mark = marks.get(name[1])
            if self._is_there(name) if mark == _GONE else mark != self._source.mark(name):
                return None
        return person

    def _is_there(self, name: RunName) -> bool:
        """Whether the images of a run have come back that could not be had before."""
        try:
            self._run(name)
        except DownloadError:
            return False
        except DataError:
            pass  # it has another fault now
        return True

    def _too_much_motion(self, run: RunResponses) -> str:
        most, moved = self._options.max_motion, mean_motion(run.motion)
        if most is None or not moved > most:
            return ""
        return f"mean framewise displacement {moved:.2f} mm, more than {most:g}"

    # ------------------------------------------------------------ one run

    def _run(self, name: RunName) -> ReadRun:
        """Voxels of a run: kept ones, or read from its images, which are deleted then."""
        if self._stop.is_set():
            raise KeyboardInterrupt
        size, label = self._source.sizes[name], " ".join(name)
        path = self._kept.run_path(*name)
        notes_path = path.with_suffix(".json")
        mark = self._source.mark(name)
        if (found := _kept_run(path, notes_path, mark)) is not None:
            self._bytes.skip(size)
            return found
        came = self._bytes.begin(label, size)

        def written(count: int) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            came.add(count)

        scanner_run, inputs = self._source.bring(name, written)
        came.finish()
        run = read_run(scanner_run, self._rois, self._card.scans or Scans(), self._options.reading)
        notes = {
            "inputs": inputs,
            "mark": mark,
            "events": read_text(scanner_run.events, 10_000_000),
        }
        # the voxels last: they say that the run is finished
        write_whole(notes_path, json.dumps(notes).encode())
        write_whole(path, run.to_bytes())
        self._source.discard(name)
        return run, notes


def _kept_run(path: Path, notes_path: Path, mark: Mapping[str, Any]) -> ReadRun | None:
    if not (path.is_file() and notes_path.is_file()):
        return None
    try:
        notes = parse_json(read_text(notes_path))
        if notes.get("mark") != mark:
            return None
        return RunResponses.from_bytes(path.read_bytes()), notes
    except (DataError, ValueError):
        return None


class _Bytes:
    """Counts the bytes of all runs, in whatever order threads bring them."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._progress = total, progress
        self._lock = threading.Lock()
        self._done = 0
        self._shown = -1
        self._label = "starting"

    def begin(self, label: str, size: int) -> _Coming:
        """Note that a run begins: the bar names the run that began last."""
        with self._lock:
            self._label = f"MB: {label} ({size / MB:,.0f} MB)"
            self._show(True)
        return _Coming(self, size)

    def skip(self, size: int) -> None:
        """Count a run that was finished before."""
        self.add(size)

    def add(self, count: int) -> None:
        """Count bytes that came."""
        with self._lock:
            self._done += count
            self._show(False)

    def _show(self, at_once: bool) -> None:
        done = self._done // MB
        if at_once or done > self._shown:
            self._shown = done
            self._progress(Step(self._label, done, max(1, self._total // MB)))


class _Coming:
    """Bytes of one run: never more than its size, and all of them when it is there.

    A transfer that is begun again, and a file that is there already, would else count twice or
    not at all.
    """

    def __init__(self, count: _Bytes, size: int) -> None:
        self._count, self._left = count, size

    def add(self, count: int) -> None:
        """Count some."""
        known = min(count, self._left)
        self._left -= known
        self._count.add(known)

    def finish(self) -> None:
        """Count what is left."""
        self.add(self._left)
