"""
Which beats speak for a class
=============================

A head learns to tell rest from mental arithmetic on the frozen features of an encoder. Integrated
gradients then say what each sample of a window added to the answer, for a person whom the head has
not met. They explain this network, not the heart: a network that is wrong has its reasons, too.

The ECG is real: eegmat of PhysioNet [1]_, people at rest and while subtracting numbers in the head.
The first run downloads 180 MB.
"""

# %%
# **Windows** of 10 s, six of each recording, of ten people. Each person's recordings are scaled
# together.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    Resampler,
    SaliencyDisplay,
    Segmenter,
    fetch_eegmat,
    scale_subjects,
)

data = fetch_eegmat(subjects=[f"Subject{number:02}" for number in range(3, 13)])
clean = make_pipeline(Resampler(500, 256), ECGFilter(sampling_rate=256))
recordings = clean.fit_transform([recording[: 60 * 500] for recording in data.recordings])
windows, target, person = Segmenter(sampling_rate=256).windows(
    scale_subjects(recordings, data.subject), data.target, data.subject
)
new = person == "Subject12"
print(f"{len(windows)} windows, {new.sum()} of them of the person who is kept for the test")

# %%
# **The classifier**: the trunk of the package's encoder, which has met none of these people and
# stays as it is, and a head of one layer of 64 units.

classifier = ECGClassifier(
    "recognition-open", freeze="trunk", hidden=(64,), max_epochs=40, l2=0.01, random_state=0
)
classifier.fit(windows[~new], target[~new])
likely = classifier.predict_proba(windows[new])[:, 1]
print(f"probability of {data.target_names[1]}, windows of the new person:")
for label, name in enumerate(data.target_names):
    print(f"  in {name:10}", likely[target[new] == label].round(2))

# %%
# **Two windows of the new person**, one of each condition. Orange samples speak for mental
# arithmetic, blue ones against it. All attributions add up to the difference between the logit of
# the window and that of a flat line, both in the title.

chosen = [np.flatnonzero(new & (target == label))[2] for label in (0, 1)]
figure, axes = plt.subplots(2, 1, figsize=(11, 6), layout="constrained")
for axis, index in zip(axes, chosen, strict=True):
    display = SaliencyDisplay.from_estimator(classifier, windows[index], target=1, ax=axis)
    title = axis.get_title(loc="left")
    axis.set_title(f"In {data.target_names[target[index]]}: {title}", loc="left", fontsize=10)
    added = display.attribution.sum()
    print(f"attributions add up to {added:.3f} of {display.logit - display.baseline_logit:.3f}")
plt.show()

# %%
# Whether the network looks at the beats at all is one number: the part of the attribution that
# falls on the tenth of the samples where the ECG is steepest, which are the QRS complexes.

steepness = np.abs(np.gradient(windows[chosen[1]]))
steep = steepness > np.quantile(steepness, 0.9)
size = np.abs(display.attribution)
print(f"{size[steep].sum() / size.sum():.0%} of the attribution is on 10 % of the samples")

# %%
# .. [1] I. Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014.
