"""The features, a module a part of the language."""

from ml_assets_tests.language.feature import Feature
from ml_assets_tests.language.features import commands, data, folders, outputs, params, templating

FEATURES: dict[str, Feature] = {
    feature.name: feature
    for part in (templating, folders, commands, outputs, params, data)
    for feature in part.FEATURES
}
BUNDLED = {name: feature for name, feature in FEATURES.items() if not feature.alone}
