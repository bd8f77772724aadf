"""The features, a module a part of the language."""

from ml_assets_tests.language.feature import Feature
from ml_assets_tests.language.features import commands, data, folders, outputs, params, published, templating

PARTS: dict[str, tuple[Feature, ...]] = {
    "templating": templating.FEATURES,
    "folders": folders.FEATURES,
    "commands": commands.FEATURES,
    "params": params.FEATURES,
    "outputs": outputs.FEATURES,
    "data": data.FEATURES,
    "published": published.FEATURES,
}
FEATURES: dict[str, Feature] = {feature.name: feature for part in PARTS.values() for feature in part}
BUNDLED = [(part, feature.name) for part, found in PARTS.items() for feature in found if not feature.alone]
ALONE = [name for name, feature in FEATURES.items() if feature.alone]
