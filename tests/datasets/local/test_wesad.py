"""WESAD's folders become recordings: one a phase of the session, with what was said of it."""

import copy
import os
import pickle
import re
import warnings

import numpy as np
import pytest

from sklearn_ecgssl.datasets.local._wesad import load_wesad
from sklearn_ecgssl.datasets.local._wesad_data_set import Wesad
from sklearn_ecgssl.datasets.reading import LeftOut, Trial
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import wesad
from tests.datasets.writers.python2_pickle import dumps

NAN = float("nan")
RECORDS = {
    "S2": ["baseline", "stress", "meditation 1", "amusement", "meditation 2"],
    "S10": ["baseline", "amusement", "meditation 1", "stress", "meditation 2"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wesad")
    return folder, wesad.write(folder)


@pytest.fixture
def one(tmp_path):
    """A folder with one person, to be changed; and how to change what the pickle holds."""
    written = wesad.write(tmp_path, ["S2"], protocol=2)["S2"]

    def change(how):
        changed = copy.deepcopy(written)
        changed = how(changed) or changed
        (tmp_path / "S2" / "S2.pkl").write_bytes(dumps(changed, 2))
        return tmp_path

    return change


def trials(folder, subject="S2"):
    return list(Wesad(folder).trials(subject))


def expected(written, subject):
    """ECG of each phase, found sample by sample."""
    found, before = [], 0
    for label, sample in zip(
        written["label"], written["signal"]["chest"]["ECG"][:, 0], strict=True
    ):
        if label in (1, 2, 3, 4):
            if label != before:
                found.append([])
            found[-1].append(sample)
        before = label
    return found


def test_recordings_are_the_phases(whole):
    folder, written = whole
    data = load_wesad(folder)
    names = [f"{subject}/{name}" for subject, all_ in RECORDS.items() for name in all_]
    assert data.fields["record"].tolist() == names
    assert data.subject.tolist() == ["S2"] * 5 + ["S10"] * 5
    phases = [phase for subject in RECORDS for phase in expected(written[subject], subject)]
    assert len(phases) == 10
    for recording, phase in zip(data.recordings, phases, strict=True):
        assert recording.dtype == np.float32
        np.testing.assert_array_equal(recording, np.array(phase, np.float32))
    assert data.sampling_rate == 700.0
    assert data.unit == "mV"
    assert data.name == "wesad"
    assert set(data.fields["lead"]) == {"chest"}
    assert data.left_out == []
    assert data.target_names == ["baseline", "stress", "amusement", "meditation"]
    assert data.target.tolist() == [0, 1, 3, 2, 3, 0, 2, 3, 1, 3]


def test_millivolts_as_the_recorder_gives_them(whole):
    folder, _ = whole
    counts = np.concatenate(load_wesad(folder).recordings) / 3 * 2**16
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-2)


def test_stress_is_the_binary_task_without_meditation(whole):
    folder, _ = whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_wesad(folder, attribute="stress")
    assert data.target_names == ["non-stress", "stress"]
    conditions = ["baseline", "stress", "amusement", "baseline", "amusement", "stress"]
    assert data.fields["condition"].tolist() == conditions
    assert data.target.tolist() == [0, 1, 0, 0, 0, 1]


def test_ratings_belong_to_the_phase(whole):
    folder, _ = whole
    # The writer gives the k-th phase the valence 9 - k and the arousal 1 + k.
    assert load_wesad(folder, attribute="valence").target.tolist() == [9, 8, 7, 6, 5] * 2
    data = load_wesad(folder, attribute="arousal", binarize=3)
    assert data.fields["arousal"].tolist() == [1, 2, 3, 4, 5] * 2
    assert data.target.tolist() == [0, 0, 0, 1, 1] * 2
    assert data.target_names == ["low", "high"]


def test_all_labels(whole):
    columns = load_wesad(whole[0], attribute=None).target.columns.tolist()
    assert columns == ["record", "lead", "condition", "valence", "arousal"]


def test_some_of_it(whole):
    folder, _ = whole
    data = load_wesad(folder, subjects=["S10"], leads="chest", n_jobs=2)
    assert set(data.subject) == {"S10"}
    recordings, target = load_wesad(folder, subjects="S2", return_X_y=True)
    assert len(recordings) == len(target) == 5
    with pytest.raises(ValueError, match="wesad has no lead 'wrist'. It has 'chest'"):
        load_wesad(folder, leads="wrist")
    with pytest.raises(ValueError, match="has no S12. It has S2, S10"):
        load_wesad(folder, subjects=["S12"])
    with pytest.raises(ValueError, match="is for ratings"):
        load_wesad(folder, binarize="mean")


def test_in_natural_order_wherever_they_are(tmp_path):
    wesad.write(tmp_path / "data" / "WESAD", ["S10", "S9", "S2"], protocol=2)
    found = Wesad(tmp_path)
    assert found.subjects == ["S2", "S9", "S10"]
    place = tmp_path / "data" / "WESAD" / "S9"
    assert found.sources("S9") == [place / "S9.pkl", place / "S9_quest.csv"]
    (place / "S9_quest.csv").unlink()
    assert Wesad(tmp_path).sources("S9") == [place / "S9.pkl"]
    assert pickle.loads(pickle.dumps(found)).subjects == found.subjects


@pytest.mark.parametrize("protocol", [1, 2])
def test_other_pickles_of_python_2(whole, tmp_path, protocol):
    wesad.write(tmp_path, protocol=protocol)
    for one, other in zip(
        load_wesad(whole[0]).recordings, load_wesad(tmp_path).recordings, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_saved_again_by_python_3(whole, tmp_path):
    folder, written = whole
    for subject in written:
        (tmp_path / f"{subject}.pkl").write_bytes(pickle.dumps(written[subject]))
    for one, other in zip(
        load_wesad(folder).recordings, load_wesad(tmp_path).recordings, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_rest_of_the_file_is_let_go(whole):
    folder, written = whole
    (first, *_) = trials(folder)
    assert first.ecg["chest"].base is not None  # a view, of the ECG alone
    base = first.ecg["chest"]
    while isinstance(base, np.ndarray):
        base = base.base
    assert len(base) == written["S2"]["signal"]["chest"]["ECG"].nbytes


# What differs from the documentation


def test_wrong_folder(tmp_path):
    (tmp_path / "S2").mkdir()
    (tmp_path / "S2" / "S2_quest.csv").write_text("")
    with pytest.raises(FileNotFoundError, match=r"no.* folder of WESAD: .* Looked for S2/S2\.pkl"):
        load_wesad(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_wesad(tmp_path / "elsewhere")


def test_person_without_pickle(one, tmp_path):
    wesad.write(tmp_path, ["S3"], protocol=2)
    (tmp_path / "S3" / "S3.pkl").unlink()
    with pytest.warns(UserWarning, match="1 left out: S3 has no file S3.pkl"):
        data = load_wesad(tmp_path)
    assert set(data.subject) == {"S2"}


def test_the_same_person_twice(whole, tmp_path):
    wesad.write(tmp_path / "a", ["S2"], protocol=2)
    wesad.write(tmp_path / "b", ["S2"], protocol=2)
    with pytest.raises(ValueError, match="holds the same twice"):
        load_wesad(tmp_path)


def drop(*keys):
    def how(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return how


def put(value, *keys):
    def how(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value(content[keys[-1]]) if callable(value) else value

    return how


ECG = ("signal", "chest", "ECG")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda content: [content], "has a list in place of the dict that holds 'subject'"),
        (drop("subject"), "has no 'subject'; it has 'signal', 'label'"),
        (drop("signal"), "has no 'signal'; it has 'label', 'subject'"),
        (drop("label"), "has no 'label'; it has 'signal', 'subject'"),
        (drop("signal", "chest"), "has no 'chest' in 'signal'; it has 'wrist'"),
        (
            drop(*ECG),
            "has no 'ECG' in 'signal', 'chest'; it has 'ACC', 'EMG', 'EDA', 'Temp', 'Resp'",
        ),
        (put({}, "signal"), "has no 'chest' in 'signal'; it has nothing"),
        (put(3, "signal"), "has a int in place of the dict that holds 'chest'"),
        (put("S3", "subject"), "is of 'S3', not of 'S2'"),
        (put(2, "subject"), "is of 2, not of 'S2'"),
        (put([1.0], *ECG), "has in 'signal', 'chest', 'ECG' a list, where an array"),
        (put(lambda ecg: np.hstack([ecg, ecg]), *ECG), r"shape \(\d+, 2\) and float64"),
        (put(lambda ecg: ecg[0, 0], *ECG), "a float64, where an array"),
        (put(lambda ecg: ecg.T, *ECG), r"shape \(1, \d+\) and float64"),
        (put(lambda ecg: (ecg * 2**15).astype("i2"), *ECG), "and int16, where real numbers"),
        (put(lambda ecg: ecg * 1000, *ECG), "where mV within 1.5 of 0 were expected"),
        (
            put(lambda ecg: ecg[:-1], *ECG),
            r"a 'label' of shape \(\d+,\) and int32, where an integer",
        ),
        (put(lambda label: label[:-1], "label"), "for each of the .* samples of the ECG"),
        (put(lambda label: label[:, np.newaxis], "label"), r"a 'label' of shape \(\d+, 1\)"),
        (put(lambda label: label.astype(float), "label"), "and float64, where an integer"),
        (put([1, 2], "label"), "has in 'label' a list"),
        (put(lambda label: label + 1, "label"), "has labels from 1 to 8, where 0 to 7 were"),
        (put(lambda label: label - 1, "label"), "has labels from -1 to 6, where 0 to 7 were"),
        (put(lambda label: np.arange(len(label)) % 2, "label"), "'label' that changes .* times"),
    ],
)
def test_content_that_is_not_as_documented(one, how, said):
    folder = one(how)
    with pytest.raises(UnreadableFileError, match=rf"S2\.pkl .*{said}"):
        load_wesad(folder)


def test_float32_and_one_axis_are_as_good(one):
    folder = one(put(lambda ecg: ecg[:, 0].astype("f4"), *ECG))
    assert [len(trial.ecg["chest"]) for trial in trials(folder)] == [
        len(phase)
        for phase in expected(wesad.write(folder / "again", ["S2"], protocol=2)["S2"], "S2")
    ]


def test_nothing_but_pauses(one):
    folder = one(put(lambda label: label * 0, "label"))
    (folder / "S2" / "S2_quest.csv").unlink()
    with pytest.raises(ValueError, match="gives no recording. 1 left out: S2 has no recording"):
        load_wesad(folder)


def test_no_sample_at_all(one):
    def empty(content):
        content["signal"]["chest"]["ECG"] = np.zeros((0, 1))
        content["label"] = np.zeros(0, "i4")

    folder = one(empty)
    (folder / "S2" / "S2_quest.csv").unlink()
    assert trials(folder) == []


def test_ecg_that_is_no_number(one):
    def broken(content):
        content["signal"]["chest"]["ECG"][content["label"] == 2] = NAN

    with pytest.warns(UserWarning, match=r"S2/stress has \d+ of \d+ samples that are no numbers"):
        data = load_wesad(one(broken))
    assert "S2/stress" not in data.fields["record"]
    assert len(data.recordings) == 4


def interrupt(n, by=0):
    """Put another label in the middle of the phase of stress."""

    def how(content):
        (where,) = np.nonzero(content["label"] == 2)
        middle = where[len(where) // 2]
        content["label"][middle : middle + n] = by

    return how


def test_a_few_samples_are_no_recording(one):
    found = trials(one(interrupt(5, by=3)))
    assert [one.record for one in found if isinstance(one, LeftOut)] == ["S2/amusement"]
    assert "has a piece of 5 samples at " in str(found[2])
    records = [trial.record for trial in found if isinstance(trial, Trial)]
    names = ["baseline", "stress 1", "stress 2", "meditation 1", "amusement", "meditation 2"]
    assert records == [f"S2/{name}" for name in names]


def test_one_second_is_a_recording(one):
    def how(content):
        label = content["label"]
        label[:] = 0
        label[100:800], label[900:1599] = 1, 2

    folder = one(how)
    (folder / "S2" / "S2_quest.csv").unlink()
    first, second = trials(folder)
    assert (first.record, len(first.ecg["chest"])) == ("S2/baseline", 700)
    assert str(second) == "S2/stress has a piece of 699 samples at 1.286 s, less than 1 s"


def test_parts_of_a_phase_share_its_ratings(one):
    found = [trial for trial in trials(one(interrupt(5))) if isinstance(trial, Trial)]
    assert [trial.labels["valence"] for trial in found] == [9, 8, 8, 7, 6, 5]
    assert [trial.labels["arousal"] for trial in found] == [1, 2, 2, 3, 4, 5]


def test_without_questionnaire(one):
    folder = one(lambda content: None)
    (folder / "S2" / "S2_quest.csv").unlink()
    assert len(load_wesad(folder).recordings) == 5
    assert np.isnan(load_wesad(folder).fields["valence"]).all()
    with pytest.raises(ValueError, match="None of the 5 recordings of .*='arousal'"):
        load_wesad(folder, attribute="arousal")


ORDER = "# ORDER;Base;TSST;Medi 1;Fun;Medi 2;sRead;fRead"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("# Subj;S2;", "# Subj;S3;", "is of S3, not of S2"),
        ("# ORDER", "# SEQUENCE", "has 0 lines '# ORDER"),
        ("# START", "# ORDER", "has 2 lines '# ORDER"),
        ("Medi 1", "Nap", "names a condition 'Nap' in '# ORDER'; expected Base, TSST"),
        (ORDER, ORDER.replace("Medi 1;", ""), "names 4 conditions and has 5 lines '# DIM"),
        ("# DIM;9;1", "# SAM;9;1", "names 5 conditions and has 4 lines '# DIM"),
        (
            ORDER,
            ORDER.replace("TSST;Medi 1;Fun", "Fun;Medi 1;TSST"),
            "has the conditions baseline, amusement, .* but the labels of S2.pkl run baseline, str",
        ),
        ("# DIM;9;1;;", "# DIM;9;1;4;", "has 3 numbers in a line '# DIM'"),
        ("# DIM;9;1", "# DIM;0;1", "has '0' in a line '# DIM', where a whole number from 1 to 9"),
        ("# DIM;9;1", "# DIM;9;10", "has '10' in a line '# DIM'"),
        ("# DIM;9;1", "# DIM;9;1,5", "has '1,5' in a line '# DIM'"),
        ("# DIM;9;1", "# DIM;9;x", "has 'x' in a line '# DIM'"),
        ("# DIM;9;1", "# DIM;9;-1", "has '-1' in a line '# DIM'"),
        ("# DIM;9;1", "# DIM;9;²", "has '.*' in a line '# DIM'"),
        (";", ",", "has 0 lines '# ORDER"),
        ("# Subj", "x" * 2**20 + "# Subj", "is no questionnaire of WESAD: it has 10"),
    ],
)
def test_questionnaires_that_are_not_as_documented(one, before, after, said):
    path = one(lambda content: None) / "S2" / "S2_quest.csv"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=rf"S2_quest\.csv {said}"):
        load_wesad(path.parents[1])


def test_answers_that_were_not_given(one):
    path = one(lambda content: None) / "S2" / "S2_quest.csv"
    path.write_text(
        path.read_text().replace("# DIM;8;2", "# DIM;;2").replace("# DIM;7;3", "# DIM;")
    )
    with pytest.warns(
        UserWarning, match="S2/stress has no value of 'valence'; S2/meditation 1 has"
    ):
        assert load_wesad(path.parents[1], attribute="valence").target.tolist() == [9, 6, 5]
    with pytest.warns(UserWarning, match="1 left out: S2/meditation 1 has no value of 'arousal'"):
        assert load_wesad(path.parents[1], attribute="arousal").target.tolist() == [1, 2, 4, 5]


def test_questionnaire_with_a_byte_order_mark_or_without_subject(one):
    path = one(lambda content: None) / "S2" / "S2_quest.csv"
    text = path.read_text()
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert len(trials(path.parents[1])) == 5
    path.write_text("\ufeff" + text.replace("# Subj;S2", "# Subj;S3"), encoding="utf-8")
    with pytest.raises(UnreadableFileError, match="is of S3, not of S2"):
        trials(path.parents[1])
    path.write_text(text.replace("# Subj;S2", "\xe4").replace("\n", "\r\n"), encoding="latin-1")
    assert len(trials(path.parents[1])) == 5


# Files that are damaged, or harm


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.9999])
@pytest.mark.parametrize("protocol", [0, 2])
def test_truncated(tmp_path, share, protocol):
    wesad.write(tmp_path, protocol=protocol)
    path = tmp_path / "S2" / "S2.pkl"
    size = path.stat().st_size
    os.truncate(path, int(share * size))
    with pytest.raises(UnreadableFileError, match=r"S2\.pkl is .* at byte \d+ it "):
        load_wesad(tmp_path)
    with pytest.warns(UserWarning, match=r"1 left out: S2 cannot be read: .*S2\.pkl is .* at byte"):
        data = load_wesad(tmp_path, on_error="warn")
    assert set(data.subject) == {"S10"}
    assert data.left_out[0].subject == "S2"


def test_a_pickle_that_harms(whole, tmp_path):
    wesad.write(tmp_path, ["S2"])
    path = tmp_path / "S2" / "S2.pkl"
    canary = tmp_path / "canary"
    call = f"cos\nmkdir\n(S'{canary}'\ntR".encode()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"S'S2'\n", call))
    with pytest.raises(
        UnreadableFileError, match=r"at byte \d+ it asks for os.mkdir, which is never"
    ):
        load_wesad(tmp_path)
    assert not canary.exists()


def test_description():
    words = re.sub(r"\s+", " ", Wesad.description)
    for part in ("10.1145/3242969.3242985", "Terms of use", "What the reader rests on", "700 Hz"):
        assert part in words


def test_questionnaire_that_a_program_has_saved_again(one):
    path = one(lambda content: None) / "S2" / "S2_quest.csv"
    text = (
        path.read_text().replace("# DIM;8;2", "# DIM;8.0;2.").replace("Fun;Medi 2;", "Fun;Medi 2;;")
    )
    assert "8.0;2." in text
    assert "Medi 2;;s" in text
    path.write_text(text)
    assert load_wesad(path.parents[1], attribute="valence").target[1] == 8
    assert load_wesad(path.parents[1], attribute="arousal").target[1] == 2
