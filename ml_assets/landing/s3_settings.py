"""The light stand-in for dagster-aws's S3Resource, whose import loads boto3 for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from dagster import ConfigurableResource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from ml_assets.landing.setup.clients import Clients


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

    def sqs_client(self) -> SQSClient:
        """As `client`, for queues, for which dagster-aws has no resource: same region, same credentials.

        `endpoint_url` is the bucket's alone, for most other S3s have no queues; the queue's is
        AWS_ENDPOINT_URL_SQS, or AWS_ENDPOINT_URL.
        """
        return cast("SQSClient", self._of("sqs"))

    def setup_clients(self) -> Clients:
        """Of all services that the wiring from the bucket to its queue may need."""
        from ml_assets.landing.setup.clients import Clients

        return Clients(of=lambda service: self.client() if service == "s3" else self._of(service))

    def _of(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        # The stubs know a client for a literal name only.
        client: Any = boto3.client
        return client(
            service, region_name=self.region, config=Config(retries={"max_attempts": self.max_attempts})
        )
