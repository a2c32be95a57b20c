"""
Two ways to learn without labels
================================

One network learns which transformation was applied to a window (Sarkar & Etemad 2020). Another
learns to predict samples that it does not see (Vazquez-Rodriguez et al. 2022). Neither needs a
label. Linear classifiers of their features, and of both side by side, are scored on the same folds.

The ECG is **simulated**: its two conditions differ in heart rate, in its variability and in the
height of the T wave, as the simulator was told. The pictures show how such methods are compared.
Which one is better on ECG of people they cannot tell; for that, put recordings of your own in place
of the cohort, and networks of full size in place of these.
"""

# %%
# Recordings, one for each person and condition, at the 128 Hz and with the filter of
# Vazquez-Rodriguez et al.: Butterworth of order 8, 0.8 to 50 Hz. They are scaled one by one.

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.pipeline import make_pipeline, make_union

from sklearn_ecgssl import (
    ECGFilter,
    Evaluation,
    MaskedPretrainer,
    PretextPretrainer,
    ProtocolDisplay,
    ReconstructionDisplay,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier

cohort = make_cohort(n_subjects=8, duration=20, sampling_rate=128, random_state=0)
clean = make_pipeline(ECGFilter(sampling_rate=128, low=0.8, high=50, order=8), TrimmedScaler())
recordings = clean.fit_transform(cohort.recordings)

# %%
# Both networks are much smaller than the papers' (the defaults) and learn for a few epochs, not 30
# and 500, from windows of 5 s, not 10, so that this takes less than a minute: 32 channels at most,
# and one Transformer layer with one head, not two.

recognition = PretextPretrainer(
    filters=(8, 16, 32),
    convs_per_block=1,
    head_hidden=(32,),
    head_dropout=0.2,
    learning_rate=0.003,
    max_epochs=5,
    batch_size=8,
    random_state=0,
)
masked = MaskedPretrainer(
    filters=(8, 16, 32),
    n_layers=1,
    n_heads=1,
    feedforward=64,
    head_hidden=(32,),
    dropout=0,
    learning_rate=0.01,
    max_epochs=5,
    batch_size=8,
    random_state=0,
)

# %%
# **What the second one learns**: spans of 0.16 s, about half of the samples, are hidden, and it
# predicts them from the others. Here it learns from six people; the windows drawn are of another
# one, at rest and under stress. After so little training it finds some of the hidden waves. A score
# of 0 % is that of predicting zero.

segmenter = Segmenter(sampling_rate=128, window_length=5)
windows, subject = segmenter.windows(recordings, cohort.subject)
new = subject >= 6
masked.fit(windows[~new])
print(f"predicted of what was masked, two new people: {masked.score(windows[new]):.0%}")
ReconstructionDisplay.from_estimator(masked, windows[new], windows=[2, 7])
plt.show()

# %%
# **The comparison.** Under "windows", the papers' protocol, windows of one person stand in the
# training and in the test part; under "subjects" they do not. Each network learns from the training
# part of a fold, once for all that use it. Of the Transformer we take the mean over samples, as
# nothing in this pretraining teaches its class token, the default, to sum up a window. "neither
# pretrained" has the features of both networks as they were initialised: what is not above it,
# pretraining did not bring.

evaluation = Evaluation(
    recordings,
    cohort.target,
    cohort.subject,
    segmenter=segmenter,
    protocols=["windows", "subjects"],
    n_splits=3,
)

recognised = SSLEmbedder(recognition)
predicted = SSLEmbedder(masked, aggregate="mean")
both = make_union(recognised, predicted)
untrained = make_union(
    SSLEmbedder(clone(recognition).set_params(max_epochs=0)),
    SSLEmbedder(clone(masked).set_params(max_epochs=0), aggregate="mean"),
)
linear = linear_classifier()
results = evaluation.run(
    {
        "transformation recognition": make_pipeline(recognised, linear),
        "masked modelling": make_pipeline(predicted, linear),
        "both": make_pipeline(both, linear),
        "neither pretrained": make_pipeline(untrained, linear),
    }
)
print(results)

# %%
# Look first at the bars, 95 % confidence intervals from three folds: methods whose bars overlap are
# not told apart. Then at whether "both" is above each of the two, as it is where they know
# different things. When this was written, no method was told from any other, nor from the networks
# that had learnt nothing, nor from the heart rate, by which the simulator makes the conditions.

print(results.to_markdown("balanced_accuracy"))
ProtocolDisplay.from_results(results)
plt.show()
