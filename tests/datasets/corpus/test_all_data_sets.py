"""Every loader can be prepared, saved and joined."""

import inspect

import numpy as np
import pytest

from sklearn_ecgssl import datasets
from sklearn_ecgssl.datasets import concatenate, prepare, save_recordings
from sklearn_ecgssl.datasets.corpus._source import COMMON
from sklearn_ecgssl.datasets.corpus._sources import SOURCES
from sklearn_ecgssl.datasets.recordings_file._layout import RESERVED
from tests.datasets.writers import amigos, ascertain, dreamer, pspm, swell, wesad

LOADERS = [
    getattr(datasets, name)
    for name in datasets.__all__
    if name.startswith(("load_", "fetch_")) and name != "load_windows"  # no recordings
]


def write_amigos(folder):
    for person in (1, 2):
        amigos.preprocessed(folder, person, n_times=700)


def write_pspm(folder):
    for person in (1, 2):
        channels = [pspm.channel("ecg", pspm.ecg(person=person))]
        pspm.pspm(folder / f"PsPM_HRM5_spike_{person:02d}.mat", channels)


WRITERS = {
    "load_amigos": (write_amigos, {"attribute": "arousal"}),
    "load_ascertain": (ascertain.ascertain, {"attribute": "valence"}),
    "load_dreamer": (lambda folder: dreamer.dreamer(folder, n_times=300), {}),
    "load_pspm": (write_pspm, {}),
    "load_swell": (lambda folder: swell.write(folder, n_times=4000), {"keep_relaxation": True}),
    "load_wesad": (wesad.write, {"attribute": "stress"}),
}


@pytest.fixture(params=WRITERS)
def case(request, tmp_path):
    """A loader, the folder of a tiny data set, and parameters."""
    write, options = WRITERS[request.param]
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder)
    return getattr(datasets, request.param), folder, options


def test_every_loader_has_a_source():
    assert set(SOURCES) == set(LOADERS)


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_parameters(load):
    """What a source takes is what its loader takes, beside what all loaders take."""
    if load is datasets.load_recordings:
        return
    parameters = inspect.signature(load).parameters
    for name in set(COMMON) - {"attribute", "binarize"}:
        assert name in parameters
    assert parameters["on_error"].default == "raise"
    assert parameters["n_jobs"].default is None


@pytest.mark.filterwarnings("ignore:.*left out")
def test_prepared_as_loaded(case, tmp_path):
    load, folder, options = case
    data = load(folder, **options)
    cache = tmp_path / "cache"
    plain = prepare(load, folder, cache=cache, sampling_rate=None, scale=None, **options)
    assert len(plain.recordings) == len(data.recordings)
    for recording, other in zip(plain.recordings, data.recordings, strict=True):
        np.testing.assert_allclose(
            recording, other, rtol=1e-6, atol=np.ptp(other) / 131068 + 1e-6 * np.abs(other).max()
        )
    assert plain.subject.tolist() == data.subject.tolist()
    assert plain.unit == data.unit
    assert plain.name == data.name
    assert plain.target_names == data.target_names
    if data.target is not None:
        np.testing.assert_array_equal(plain.target, data.target)
    for name, values in data.fields.items():
        assert plain.fields[name].astype(str).tolist() == values.astype(str).tolist()
    assert [str(one) for one in plain.left_out] == [str(one) for one in data.left_out]


@pytest.mark.filterwarnings("ignore:.*left out")
def test_saved(case, tmp_path):
    load, folder, options = case
    data = load(folder, **options)
    assert not set(data.fields) & (set(RESERVED) - {"record"})
    fields = {name: values for name, values in data.fields.items() if name != "record"}
    path = save_recordings(
        tmp_path / "saved.npz",
        data.recordings,
        data.sampling_rate,
        data.subject,
        record=data.fields["record"],
        fields=fields,
    )
    again = datasets.load_recordings(path)
    assert again.fields["record"].tolist() == data.fields["record"].tolist()


@pytest.mark.filterwarnings("ignore:.*left out")
def test_joined(case):
    load, folder, options = case
    data = load(folder, **options)
    others = {"first": data, "second": data}
    corpus = concatenate(others, sampling_rate=100, scale="standard")
    assert len(corpus.recordings) == 2 * len(data.recordings)
    assert set(corpus.fields["overlaps"]) == {"first", "second"}
    assert len(set(corpus.subject)) == len(set(data.subject))


@pytest.mark.filterwarnings("ignore:.*left out")
def test_shape(case):
    """What the documentation promises of every Bunch."""
    load, folder, options = case
    data = load(folder, **options)
    n = len(data.recordings)
    assert all(one.dtype == np.float32 and one.ndim == 1 for one in data.recordings)
    assert all(one.base is None and np.isfinite(one).all() for one in data.recordings)
    assert data.subject.shape == (n,)
    assert data.subject.dtype.kind == "U"
    assert all(values.shape == (n,) for values in data.fields.values())
    keys = list(zip(data.fields["record"], data.fields["lead"], strict=True))
    assert len(set(keys)) == n
    assert "doi:10." in data.DESCR
    assert "rests on" in data.DESCR
    assert isinstance(data.unit, str)


def test_nothing_there(case, tmp_path):
    load, _, _ = case
    (tmp_path / "empty").mkdir()
    for folder, says in [("empty", "it is empty"), ("missing", "it does not exist")]:
        with pytest.raises(FileNotFoundError, match=f"{says}. Looked for .+"):
            load(tmp_path / folder)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_people(case):
    load, folder, options = case
    data = load(folder, **options)
    people = list(dict.fromkeys(data.subject.tolist()))
    assert len(people) > 1
    one = load(folder, **options, subjects=people[-1:])
    assert set(one.subject) == {people[-1]}
    with pytest.raises(ValueError, match="subjects=.*Nobody"):
        load(folder, **options, subjects=["Nobody"])
    with pytest.raises(ValueError, match=r"leads=.*toe|no lead 'toe'"):
        load(folder, **options, leads="toe")
