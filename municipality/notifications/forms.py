"""The form of the channels of messages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ChannelsForm(forms.Form):
    email = forms.BooleanField(label=_("E-mail"), required=False)
    sms = forms.BooleanField(label=_("Text message"), required=False)
