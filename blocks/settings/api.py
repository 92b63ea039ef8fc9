"""The settings of the API and the live page."""

from __future__ import annotations

from pydantic import Field, SecretStr

from blocks.settings.group import Group, Words


class ApiSettings(Group):
    """What other machines may read."""

    health_check_port: int = Field(
        default=8085,
        ge=1,
        le=65535,
        description="Port of health probes, metrics and the read-only API",
    )
    api_host: str = Field(
        default="127.0.0.1", description="Address it listens at; beyond this machine with API_TOKEN"
    )
    api_cors_origins: Words = Field(
        default=(), description="Web pages that may read it; none by default"
    )
    api_token: SecretStr | None = Field(
        default=None,
        description="The API answers who sends it as Authorization: Bearer, 16 letters",
    )
    allowed_hosts: Words = Field(
        default=(),
        description="More names or addresses by which browsers reach the API and Prefect's page",
    )
