"""Where the sign-in library looks for an app's providers."""

from municipality.accounts.mobile_id.provider import MobileIdProvider

provider_classes = [MobileIdProvider]
