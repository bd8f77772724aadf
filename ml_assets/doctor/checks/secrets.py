"""Whether a password is where Git keeps it for ever."""

from __future__ import annotations

from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as Unparsable
from urllib.parse import urlsplit

from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site

CONFIG = ".dvc/config"
# What DVC's remotes take as secrets, of all kinds.
SECRETS = {
    "access_key_id", "secret_access_key", "session_token", "password", "token", "sas_token", "account_key",
    "connection_string", "client_secret", "gdrive_client_secret", "oss_key_secret", "custom_auth_header",
    "proxy_password", "key_password", "passphrase",
}  # fmt: skip


def committed_credentials(site: Site) -> Iterator[Finding]:
    """Secrets of remotes in the .dvc/config that Git has; the place for them is .dvc/config.local."""
    text = site.git("show", f":./{CONFIG}")
    for remote, key in _secrets(text or ""):
        modify = f"dvc remote modify --local '{remote}' {key} VALUE"
        how = f"`{modify} && dvc remote modify --unset '{remote}' {key}`"
        yield error(
            f"{CONFIG}, remote '{remote}'",
            f"Git has its {key}, for everybody who has the repository",
            f"{how}, commit, and change the secret itself: Git's history keeps the old one",
        )


def committed_dotenv(site: Site) -> Iterator[Finding]:
    """`.env` is for secrets, so Git must ignore it."""
    if not site.in_git:
        return
    if site.git("ls-files", "--error-unmatch", ".env") is not None:
        yield error(
            ".env",
            "Git tracks it, with the secrets that belong there",
            "`git rm --cached .env && echo /.env >>.gitignore`, commit, and change those secrets",
        )
    elif (site.root / ".env").exists() and site.git("check-ignore", "-q", ".env") is None:
        yield warning(
            ".env", "Git does not ignore it, and would commit its secrets", "`echo /.env >>.gitignore`"
        )


def _secrets(text: str) -> Iterator[tuple[str, str]]:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except Unparsable:
        return  # DVC cannot read it either, and the check of the project says so
    for section in parser.sections():
        name = section.strip("'").removeprefix("remote ").strip('"')
        for key, value in parser.items(section):
            if key in SECRETS or (key == "url" and urlsplit(value).password):
                yield name, key
