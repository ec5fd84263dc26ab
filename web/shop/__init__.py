"""The storefront: pages a shopper can use without any script, and a little script on top.

Goes in: a request with the visitor's signed cookie. Comes out: HTML drawn from rows read for that
request, with words from web/words and events in GA4's names for the tracking script.
"""
