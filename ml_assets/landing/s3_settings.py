"""The light stand-in for dagster-aws's S3Resource, whose import loads boto3 for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagster import ConfigurableResource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class LandingS3(ConfigurableResource[None]):
    """How to reach the bucket; unset fields follow boto3's conventions (AWS_REGION, AWS_ENDPOINT_URL, …).

    Credentials are no fields: boto3 finds them in the environment, a profile or the machine's role.
    """

    region: str | None = None
    endpoint_url: str | None = None
    max_attempts: int = 5

    def client(self) -> S3Client:
        """A boto3 client of dagster-aws's S3Resource, made inside the tick or the op that uses it."""
        from dagster_aws.s3 import S3Resource

        resource = S3Resource(
            region_name=self.region, endpoint_url=self.endpoint_url, max_attempts=self.max_attempts
        )
        return cast("S3Client", resource.get_client())
