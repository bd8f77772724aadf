"""The AWS CLI's way of asking, as far as `--aws-cli` prints it: each option is a parameter of the API."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3

_SERVICES = {"s3api": "s3"}
# To keep it apart from the option --endpoint-url.
_RENAMED = {"NotificationEndpoint": "Endpoint"}


def main(service: str, operation: str, *options: str) -> None:
    if (service, operation) == ("configure", "get"):
        say(os.environ["AWS_REGION"])
        return
    given = dict(zip(options[::2], options[1::2], strict=True))
    query = given.pop("--query", None)
    given.pop("--output", None)
    client: Any = boto3.client(_SERVICES.get(service, service))  # type: ignore[call-overload]
    name = _camel(operation)
    shape = client.meta.service_model.operation_model(name).input_shape
    parameters = {}
    for option, text in given.items():
        parameter = _camel(option.removeprefix("--"))
        parameter = _RENAMED.get(parameter, parameter)
        parameters[parameter] = _value(shape.members[parameter].type_name, text)
    answer = getattr(client, operation.replace("-", "_"))(**parameters)
    if query:
        say(answer[query])


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _value(kind: str, text: str) -> Any:
    if kind == "string":
        return text
    return json.loads(text) if text[0] in "[{" else dict([text.split("=")])


if __name__ == "__main__":
    main(*sys.argv[1:])
