"""In: HTML bodies. Out: whether what a reader would see is left, and nothing else."""

from __future__ import annotations

import pytest

from service.html_text import looks_like_html
from service.normalize import normalize


@pytest.mark.parametrize(
    "body",
    ["<p>Hi</p>", "Hi<br>there", "Hi<BR/>there", "<!DOCTYPE html><html>", "<b>no</b>", "<p>one<p>two", "<img src='x'>"],
)
def test_looks_like_html_markup_is_html(body: str) -> None:
    assert looks_like_html(body)


@pytest.mark.parametrize(
    "body",
    [
        "if a < b and c > d",
        "write to <bob@shop.example>",
        "the <div> tag is shown",
        "I <3 it",
        "<<<>>>",
        "<foo>1</foo>",
    ],
)
def test_looks_like_html_plain_text_is_not_html(body: str) -> None:
    assert not looks_like_html(body)
    assert normalize(None, body).text == body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<p>well<b>being</b> and  \n <i>more</i></p>", "wellbeing and more"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>Order</td><td>4711</td></tr><tr><td>Sum</td><td>5</td></tr></table>", "Order\t4711\nSum\t5"),
        ("<head><title>T</title></head><body>Hi<style>p{}</style><script>if(a<b)</script></body>", "Hi"),
        ("a<!-- b --><br>c<!--[if mso]><p>d</p><![endif]-->", "a\nc"),
        ("<p>&lt;p&gt; &amp;amp; &euro;5&nbsp;&#8211; &#x41;</p>", "<p> &amp; €5 – A"),
        ('<a href="https://x.example/?a=1>2">here</a>', "here"),
        ("<p>mail <bob@shop.example> or <https://x.example/></p>", "mail <bob@shop.example> or <https://x.example/>"),
        ("<pre>a\n  b</pre>c", "a\n  b\nc"),
        ("<o:p>x</o:p><p>y</p>", "x\n\ny"),
        ("<br>a <b", "a <b"),
        ("<br>a <!-- b", "a <!-- b"),
        ("<br><style>a", "a"),
        ("<br>1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
    ],
)
def test_html_to_text_markup_reads_as_in_a_mail_program(body: str, text: str) -> None:
    assert normalize(None, body).text == text
