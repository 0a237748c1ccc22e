"""The providers of this app, where allauth looks for them."""

from municipality.accounts.mobile_id.provider import MobileIdProvider

provider_classes = [MobileIdProvider]
