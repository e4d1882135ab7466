"""“Delete me”: a page that says what goes and what the books keep, and one button."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from subscribers import forgetting
from subscribers.personal import personal, reader_of
from subscribers.tokens import Purpose


@personal
def delete(request: HttpRequest, token: str) -> HttpResponse:
    """Explain to GET; POST deletes, and says the same however often it is sent."""
    reader = reader_of(Purpose.CHOICES, token)
    if request.method == "POST":
        if reader:
            forgetting.forget(reader.pk)
        return render(request, "subscribers/forgotten.html")
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    return render(request, "subscribers/delete.html", {"reader": reader, "token": token})
