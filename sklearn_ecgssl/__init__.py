"""Self-supervised learning on ECG, as scikit-learn estimators.

Every public name can be imported from here. `__init__.pyi` lists them; each is imported when it is
first used, so that importing the package, `datasets` or `signal` does not import torch.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
