"""The forms of the channels of messages, and of a text to check."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ChannelsForm(forms.Form):
    email = forms.BooleanField(label=_("E-mail"), required=False)
    sms = forms.BooleanField(label=_("Text message"), required=False)


class CheckForm(forms.Form):
    text = forms.CharField(
        label=_("Text of the message"),
        help_text=_(
            "Paste the whole text, with its links. It is compared with our messages to you, and not kept. "
            "Texts with a code are not compared."
        ),
        max_length=5000,
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 6}),
    )
