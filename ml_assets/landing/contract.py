"""What a landed file must be before it may become part of raw, by the folder that it lies in."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import TYPE_CHECKING, Literal, Protocol, cast, get_args

from ml_assets.landing.errors import ContractsUnusable, Rejected

if TYPE_CHECKING:
    import dataframely as dy

Policy = Literal["quarantine", "fail", "evolve", "rescue"]
"""What becomes of a file that does not conform; `quarantine` where a contract says none."""


class Contract(Protocol):
    """What a project says about the files of one folder; a plain class or module-level value fits.

    It may also have a `policy`, one of Policy.
    """

    @property
    def schema(self) -> type[dy.Schema]:
        """Columns, their types, and rules about rows."""

    @property
    def date_columns(self) -> Sequence[str]:
        """The columns of the day: year, month and day as numbers, or one of dates; empty: not checked."""

    @property
    def file_name(self) -> str:
        """The pattern of the file's name, as in strptime: `%Y-%m-%d.csv`; its day is the day of each row.

        Its suffix is the format of the files. Empty: any name with the suffix of a known format.
        """


Contracts = Mapping[str, Contract]
"""Contract by folder relative to raw, such as `flights`; "." is raw itself. The folder is the *source*."""


def load_contracts(contracts: str, *, of: Path | None = None) -> Contracts:
    """The mapping that "module:NAME" names, in the clone `of`, where that holds the module.

    Raises ContractsUnusable.
    """
    module, _, name = contracts.partition(":")
    try:
        found = getattr(_load_module(module, of), name)
    except (ImportError, AttributeError, OSError) as error:
        raise ContractsUnusable(contracts=contracts, cause=str(error)) from error
    if not isinstance(found, Mapping):
        raise ContractsUnusable(contracts=contracts, cause=f"{name} is a {type(found).__name__}, no mapping")
    for folder, contract in found.items():
        _require_contract(contract, contracts=contracts, folder=folder)
    return cast("Contracts", found)


def _load_module(module: str, of: Path | None) -> ModuleType:
    file = of and of.joinpath(*module.split(".")).with_suffix(".py")
    if not file or not file.exists():
        return importlib.import_module(module)
    # Under its own name this process may have the checkout's already.
    spec = importlib.util.spec_from_file_location(f"_ml_assets_pinned_{module.replace('.', '_')}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def contract_for(relative: PurePosixPath, contracts: Contracts) -> Contract:
    """Raises Rejected where no contract covers the file's folder."""
    folder = source_of(relative)
    if folder not in contracts:
        known = ", ".join(sorted(contracts))
        raise Rejected(f"no contract covers the folder '{folder}'; there are contracts for: {known}")
    return contracts[folder]


def source_of(relative: PurePosixPath) -> str:
    return str(relative.parent)


def policy_of(contract: Contract) -> Policy:
    # Contracts are plain values of the project's: those that know no policy stay what they are.
    policy: Policy = getattr(contract, "policy", "quarantine")
    return policy


def _require_contract(contract: object, *, contracts: str, folder: str) -> None:
    missing = [name for name in ("schema", "date_columns", "file_name") if not hasattr(contract, name)]
    if missing:
        cause = f"the contract of '{folder}' has no {' and no '.join(missing)}"
        raise ContractsUnusable(contracts=contracts, cause=cause)
    policy = policy_of(cast("Contract", contract))
    if policy not in get_args(Policy):
        known = ", ".join(get_args(Policy))
        cause = f"the policy of '{folder}' is {policy!r}; there are: {known}"
        raise ContractsUnusable(contracts=contracts, cause=cause)
    _require_working_rules(cast("Contract", contract), contracts=contracts, folder=folder)


def _require_working_rules(contract: Contract, *, contracts: str, folder: str) -> None:
    from polars.exceptions import PolarsError

    # A rule that fails by itself would send every file into quarantine.
    try:
        contract.schema.filter(contract.schema.create_empty())
    except PolarsError as error:
        cause = f"a rule of '{folder}' does not work even without rows: {error}"
        raise ContractsUnusable(contracts=contracts, cause=cause) from error
