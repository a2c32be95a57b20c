# The public names, written once: `lazy_loader` and type checkers read them here.
from . import (
    classify as classify,
    datasets as datasets,
    evaluation as evaluation,
    features as features,
    networks as networks,
    plotting as plotting,
    pretext as pretext,
    saving as saving,
    signal as signal,
    training as training,
    transforms as transforms,
)
from ._files import UnreadableFileError as UnreadableFileError
from .classify import (
    DenseClassifier as DenseClassifier,
    ECGClassifier as ECGClassifier,
    SegmentVotingClassifier as SegmentVotingClassifier,
    SubjectReferenceClassifier as SubjectReferenceClassifier,
    SubjectScaledClassifier as SubjectScaledClassifier,
)
from .datasets import (
    concatenate as concatenate,
    epochs_around as epochs_around,
    fetch_drivedb as fetch_drivedb,
    fetch_ecgid as fetch_ecgid,
    fetch_eegmat as fetch_eegmat,
    fetch_mitdb as fetch_mitdb,
    fetch_physionet as fetch_physionet,
    fetch_qtdb as fetch_qtdb,
    load_amigos as load_amigos,
    load_ascertain as load_ascertain,
    load_dreamer as load_dreamer,
    load_pspm as load_pspm,
    load_recordings as load_recordings,
    load_swell as load_swell,
    load_wesad as load_wesad,
    make_cohort as make_cohort,
    prepare as prepare,
    prepare_windows as prepare_windows,
    recordings_from_mne as recordings_from_mne,
    recordings_from_table as recordings_from_table,
    save_recordings as save_recordings,
)
from .evaluation import (
    LabelFractionSplit as LabelFractionSplit,
    compare_protocols as compare_protocols,
    probe as probe,
)
from .features import (
    FrozenEncoder as FrozenEncoder,
    HRVFeatures as HRVFeatures,
    SignalQuality as SignalQuality,
    SSLEmbedder as SSLEmbedder,
    embed_blocks as embed_blocks,
    usable as usable,
)
from .networks import (
    ComparisonNet as ComparisonNet,
    ConvTrunk as ConvTrunk,
    DilatedTrunk as DilatedTrunk,
    MaskedTransformer as MaskedTransformer,
    RecognitionNet as RecognitionNet,
    TransformerTrunk as TransformerTrunk,
)
from .plotting import (
    EmbeddingDisplay as EmbeddingDisplay,
    PretextHistoryDisplay as PretextHistoryDisplay,
    ReconstructionDisplay as ReconstructionDisplay,
    SaliencyDisplay as SaliencyDisplay,
    ScoreDisplay as ScoreDisplay,
    SubjectLevelDisplay as SubjectLevelDisplay,
    TransformationDisplay as TransformationDisplay,
)
from .pretext import (
    DilatedConvolutions as DilatedConvolutions,
    MaskedPretrainer as MaskedPretrainer,
    PretextPretrainer as PretextPretrainer,
    list_pretrained as list_pretrained,
    load_pretrained as load_pretrained,
    model_card as model_card,
)
from .saving import (
    export_onnx as export_onnx,
    to_torch as to_torch,
    trusted_types as trusted_types,
)
from .signal import (
    ECGFilter as ECGFilter,
    Resampler as Resampler,
    Segmenter as Segmenter,
    TrimmedScaler as TrimmedScaler,
    scale_subjects as scale_subjects,
)
from .transforms import (
    AddNoise as AddNoise,
    CompareIrregularity as CompareIrregularity,
    CompareTempo as CompareTempo,
    FlipTime as FlipTime,
    Negate as Negate,
    Permute as Permute,
    RandomAugmentation as RandomAugmentation,
    Scale as Scale,
    TimeWarp as TimeWarp,
)

__version__: str
__all__: list[str]
