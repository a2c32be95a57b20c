"""
The Transformer: learning from what is hidden
=============================================

The second method hides half of each window and learns, with a Transformer, to predict it from the
rest (Vazquez-Rodriguez et al. 2022). Here is what one that comes with the package predicts of
people whom it has not met, and what its features are worth beside those of the first method.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Windows** of 10 s, three of each recording, at the 128 Hz that the Transformer knows and at the
# 256 Hz of the first method. Both encoders learnt from other people.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    MaskedPretrainer,
    ReconstructionDisplay,
    Resampler,
    Segmenter,
    SSLEmbedder,
    fetch_eegmat,
    load_pretrained,
    scale_subjects,
)
from sklearn_ecgssl.evaluation import confidence_interval, linear_classifier

data = fetch_eegmat()
cut = {}
for rate in (128, 256):
    clean = make_pipeline(Resampler(500, rate), ECGFilter(sampling_rate=rate))
    recordings = clean.fit_transform([recording[: 30 * 500] for recording in data.recordings])
    cut[rate], target, person = Segmenter(sampling_rate=rate).windows(
        scale_subjects(recordings, data.subject), data.target, data.subject
    )
print(f"{len(target)} windows of {len(set(person))} people")

# %%
# **What it predicts.** Grey spans are hidden from the network. It gets the waves that follow from
# the rhythm of those that it sees; what is new in a hidden span, nothing can predict. The score is
# the part of the hidden variance that it predicts: 0 % for a flat line at zero.

masked = load_pretrained("masked-open")
print(f"predicted of what was hidden, all windows: {masked.score(cut[128]):.0%}")
ReconstructionDisplay.from_estimator(masked, cut[128], windows=[0, 40, 100], sampling_rate=128)
plt.show()

# %%
# **What its features are worth.** A linear classifier on the frozen features of each encoder, of
# both side by side, and of a Transformer that has learnt nothing, which is what pretraining has to
# beat. Test parts hold people whom the classifier has not met.

untrained = MaskedPretrainer(max_epochs=0, filters=(32, 64, 64), feedforward=256, random_state=0)
features = {
    "masked modelling": SSLEmbedder("masked-open", sampling_rate=128).fit_transform(cut[128]),
    "recognition": SSLEmbedder("recognition-open").fit_transform(cut[256]),
    "Transformer, untrained": SSLEmbedder(untrained).fit_transform(cut[128]),
}
features["both methods"] = np.hstack([features["masked modelling"], features["recognition"]])
found = {}
for name, values in features.items():
    scores = cross_val_score(
        linear_classifier(),
        values,
        target,
        groups=person,
        cv=GroupKFold(8),
        scoring="balanced_accuracy",
    )
    found[name] = confidence_interval(scores)
    print(f"{name:24} {found[name][0]:.3f} ± {found[name][1]:.3f}")

# %%
# Bars are 95 % confidence intervals over eight folds. Where they overlap as here, the methods are
# not told apart, nor from a network that has learnt nothing: these two conditions differ in the
# heart rate and in little else. :doc:`/measured/pretraining` has more of it.

figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
means, half_widths = zip(*found.values(), strict=True)
axis.errorbar(means, [*found], xerr=half_widths, fmt="o", capsize=4)
axis.axvline(0.5, color="0.4", linestyle=":")
axis.set(xlabel="balanced accuracy, unseen people (dotted: a constant answer)", xlim=(0.35, 0.9))
axis.set_ylim(3.5, -0.5)
axis.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# ``MaskedPretrainer(random_state=0)`` in an `SSLEmbedder` learns from your own windows, and
# ``ECGClassifier.from_preset("icpr2022", pretrainer=MaskedPretrainer())`` trains on with labels, as
# the paper does: :doc:`/guide/pretraining`.
#
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
