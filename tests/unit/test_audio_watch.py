"""Looking at the messages' files, a step at a time, by a clock that the test sets."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import thread_time

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters.audio_watch import LOOK_SECONDS, AudioNews, AudioWatch

MESSAGES = [b"message %d" % number for number in range(3)]
FIRST, SECOND, THIRD = (sha256(message).hexdigest() for message in MESSAGES)


@pytest.fixture
def masters(tmp_path: Path) -> MasterFiles:
    """Store two of three messages, beside what is none."""
    masters = MasterFiles(tmp_path / "audio")
    masters.folder.mkdir()
    for digest, message in ((FIRST, MESSAGES[0]), (SECOND, MESSAGES[1])):
        masters.path_of(digest).write_bytes(message)
    (masters.folder / ".incoming-x").write_bytes(b"half")
    (masters.folder / "notes.txt").write_bytes(b"text")
    masters.path_of("0" * 64).mkdir()
    return masters


def look(watch: AudioWatch, now: float) -> AudioNews:
    """Look to the end, at one moment."""
    for _ in range(1_000):
        if news := watch.step(now):
            return news
    raise AssertionError("the look doesn't end")


def playable(watch: AudioWatch, now: float) -> set[str] | None:
    """Look, and return what can be played; None where nothing changed."""
    news = look(watch, now)
    return None if news.playable is None else set(news.playable)


def alter(path: Path, data: bytes) -> None:
    """Change a file's bytes so that neither its size nor its times tell of it."""
    found = path.stat()
    path.write_bytes(data)
    assert path.stat().st_size == found.st_size
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_first_look_tells_everything(masters: MasterFiles) -> None:
    """The first look is due at once and tells all messages, and nothing else."""
    news = look(AudioWatch(masters), 1_000)
    assert news == AudioNews(18, {FIRST, SECOND})


def test_looks_are_seconds_apart(masters: MasterFiles) -> None:
    """Between looks a step does nothing; a look without a change is no news but for the size."""
    watch = AudioWatch(masters)
    look(watch, 1_000)
    assert watch.step(1_000 + LOOK_SECONDS - 0.1) is None
    assert look(watch, 1_000 + LOOK_SECONDS) == AudioNews(18, None)
    assert watch.step(1_000 + LOOK_SECONDS) is None


@pytest.mark.parametrize(
    ("harm", "has"),
    [
        pytest.param(lambda path: path.unlink(), False, id="gone"),
        pytest.param(lambda path: path.write_bytes(b"mess"), False, id="cut-short"),
        pytest.param(lambda path: path.write_bytes(b"MESSAGE 0"), False, id="altered"),
        pytest.param(lambda path: os.utime(path, (1, 1)), True, id="only-touched"),
    ],
)
def test_harm_and_repair_are_seen(
    masters: MasterFiles, harm: Callable[[Path], object], *, has: bool
) -> None:
    """A message that can't be played any more is news, and so is its return."""
    watch = AudioWatch(masters)
    look(watch, 0)
    path = masters.path_of(FIRST)
    harm(path)
    news = look(watch, 10)
    assert news.playable == ({FIRST, SECOND} if has else {SECOND})
    assert (watch.has(FIRST), watch.look_up()(FIRST)) == (has, has)
    assert look(watch, 20).playable is None
    path.unlink(missing_ok=True)
    path.write_bytes(MESSAGES[0])
    os.utime(path, (2, 2))
    assert playable(watch, 30) == {FIRST, SECOND}
    assert watch.has(FIRST)
    assert watch.look_up()(FIRST)


def test_new_message_is_read(masters: MasterFiles) -> None:
    """A file that arrives is a message once its bytes are what its name says."""
    watch = AudioWatch(masters)
    look(watch, 0)
    masters.path_of(THIRD).write_bytes(b"mess")
    assert playable(watch, 10) in ({FIRST, SECOND}, None)
    assert not watch.has(THIRD)
    masters.path_of(THIRD).write_bytes(MESSAGES[2])
    assert playable(watch, 20) == {FIRST, SECOND, THIRD}


def test_reported_message_is_read_at_once(masters: MasterFiles) -> None:
    """What a download found damaged is looked at though no look is due; rumours change nothing."""
    watch = AudioWatch(masters)
    look(watch, 0)
    path = masters.path_of(FIRST)
    alter(path, b"massage 0")
    assert look(watch, 10).playable is None
    assert watch.has(FIRST)
    watch.report(FIRST)
    watch.report(SECOND)
    assert playable(watch, 10.1) == {SECOND}
    assert not watch.has(FIRST)
    # Nobody ever stored the one, and the other is known, however often they are asked for.
    watch.report(THIRD)
    watch.report(FIRST)
    assert watch.step(10.2) is None


def test_folder_that_goes_and_comes_back(masters: MasterFiles) -> None:
    """Without the folder there are no messages; one that can't be listed is no news at all."""
    watch = AudioWatch(masters)
    look(watch, 0)
    aside = masters.folder.with_name("aside")
    masters.folder.rename(aside)
    assert look(watch, 10) == AudioNews(0, frozenset())
    masters.folder.write_bytes(b"no folder")
    assert [watch.step(20), watch.step(21), watch.step(25)] == [None, None, None]
    masters.folder.unlink()
    aside.rename(masters.folder)
    assert playable(watch, 30) == {FIRST, SECOND}


def test_message_damaged_beforehand_is_not_played(masters: MasterFiles) -> None:
    """A message that was damaged before the first look is left out after it."""
    masters.path_of(FIRST).write_bytes(b"massage 0")
    watch = AudioWatch(masters)
    assert playable(watch, 0) == {SECOND}
    assert not watch.has(FIRST)


def test_damaged_message_is_tried_again(masters: MasterFiles) -> None:
    """What is damaged is played again once it can be read, though the file looks as before."""
    path = masters.path_of(FIRST)
    path.write_bytes(b"massage 0")
    watch = AudioWatch(masters)
    assert playable(watch, 0) == {SECOND}
    assert playable(watch, 10) is None
    alter(path, MESSAGES[0])
    assert playable(watch, 20) == {FIRST, SECOND}
    # Only what is damaged: reading everything ever again would be too much.
    alter(path, b"massage 0")
    assert playable(watch, 30) is None


def test_first_look_reads_no_more_than_a_little(tmp_path: Path) -> None:
    """Of very many messages each look reads a part, in steps, until all have been read."""
    masters = MasterFiles(tmp_path)
    for number in range(30):
        # No hash of anything, so that each is damaged.
        masters.path_of(f"{number:064x}").touch()
    watch = AudioWatch(masters)
    lost = []
    for now in (0, 10, 20, 30):
        steps = 0
        while (news := watch.step(now)) is None:
            steps += 1
        # One after 25 of the list, and ten that read.
        assert steps == 11
        lost.append(30 - len(news.playable or ()))
    assert lost == [10, 20, 30, 30]


def test_link_to_itself_hides_no_others(masters: MasterFiles) -> None:
    """A file that can't even be looked at is no message, and the others are."""
    masters.path_of(THIRD).symlink_to(masters.path_of(THIRD))
    assert look(AudioWatch(masters), 0) == AudioNews(18, {FIRST, SECOND})


def test_folder_listed_again_is_news(masters: MasterFiles) -> None:
    """What was compiled while the folder could not be listed is compiled again afterwards."""
    watch = AudioWatch(masters)
    look(watch, 0)
    aside = masters.folder.with_name("aside")
    masters.folder.rename(aside)
    masters.folder.write_bytes(b"no folder")
    assert watch.step(10) is None
    assert not watch.has(FIRST)
    masters.folder.unlink()
    aside.rename(masters.folder)
    assert playable(watch, 20) == {FIRST, SECOND}
    assert playable(watch, 30) is None


def store_many(masters: MasterFiles, count: int) -> None:
    """Store so many small messages."""
    for number in range(count):
        message = b"%d" % number
        masters.path_of(sha256(message).hexdigest()).write_bytes(message)


def test_many_files_take_many_steps(tmp_path: Path) -> None:
    """A look at thousands of files gives way in between, however small, and misses none."""
    masters = MasterFiles(tmp_path)
    store_many(masters, 1_200)
    watch = AudioWatch(masters)
    # 48 for listing them all; a hundred are read in one, and a thousand in a look.
    assert [watch.step(0) for _ in range(58)] == [None] * 58
    news = watch.step(0)
    assert news is not None
    assert news.playable is not None
    assert len(news.playable) == 1_200


def test_look_that_took_long_is_followed_by_a_long_rest(tmp_path: Path) -> None:
    """After a look there is no other until it has cost a hundredth of the time, or less."""
    masters = MasterFiles(tmp_path)
    store_many(masters, 500)
    watch = AudioWatch(masters, look_seconds=0)
    began = thread_time()
    look(watch, 1_000)
    took = thread_time() - began
    # Nearly all of that is the work itself, which is what counts.
    assert [watch.step(1_000 + 50 * took) for _ in range(20)] == [None] * 20
    assert look(watch, 1_000 + 100 * took).playable is None


def test_look_that_was_spread_needs_no_rest(tmp_path: Path) -> None:
    """The time that passed between its steps counts as well."""
    masters = MasterFiles(tmp_path)
    store_many(masters, 500)
    watch = AudioWatch(masters, look_seconds=0)
    news = [watch.step(at) for at in range(0, 600, 10)]
    # 21 steps each: twenty that list, one for what follows; in the first five more that read.
    assert [at for at, one in zip(range(0, 600, 10), news, strict=True) if one] == [250, 460]
