"""A Jekyll site with every construct that the move knows."""

from __future__ import annotations

from tests.migrate.hugo_sample import PICTURE

FILES: dict[str, str | bytes] = {
    "_config.yml": """title: Harbour
url: https://old.example
baseurl: /notes
permalink: /:categories/:year/:month/:day/:title:output_ext
paginate: 2
paginate_path: /page:num/
collections:
  boats: {output: true, permalink: "/boats/:name/"}
  hidden: {}
defaults:
  - scope: {path: "", type: posts}
    values: {author: ada, layout: post}
header_pages: [about.md]
exclude: [README.md]
""",
    "README.md": "---\ntitle: Read me\n---\nNot published.\n",
    "index.html": "---\nlayout: default\n---\n{% for post in site.posts %}<a href='{{ post.url }}'>{{ post.title }}</a>{% endfor %}\n",
    "about.md": "---\ntitle: About\npermalink: /about/\nredirect_from: [/who/]\n---\nCall {{ site.data.contact.phone }}, by {{ site.title | upcase }}.\n",
    "list.html": "---\ntitle: List\n---\n"
    "<ul>{% for post in site.posts %}<li><a href='{{ post.url | relative_url }}'>{{ post.title }}</a> {{ post.date | date: '%Y' }}</li>{% endfor %}</ul>\n",
    "_posts/2024-03-01-high-tide.md": """---
title: High tide
categories: [sea]
tags: tide moon
---
See [storm]({% post_url 2024-04-02-storm %}) and [about]({{ site.baseurl }}{% link about.md %}).

{% highlight ruby linenos %}
puts "{{ '{{' }}"
{% endhighlight %}

{% include note.html title="Careful" text=page.title %}

{% raw %}Shown: {{ raw }}{% endraw %}

{% unknown_plugin a b %}
{% gist 1234 %}

Text with class.
{: .lead}

## Own {: #mine}

`{: .kept}`
""",
    "_posts/2024-04-02-storm.markdown": "---\ntitle: Storm\n---\nWind {{ page.date | date_to_string }}. {{ nothing.here }}\n",
    "old/_posts/2020-01-01-first.md": "First without front matter? No.\n",
    "old/_posts/2020-01-02-second.md": "---\n---\nSecond.\n",
    "_posts/2024-05-01-loop.md": "---\ntitle: Loop\n---\nBefore.\n\n{% for i in (1..100000000) %}{% for j in (1..100000000) %}x{% endfor %}{% endfor %}\n\nAfter.\n",
    "_posts/2024-05-02-self.md": "---\ntitle: Self\n---\nBefore.\n\n{% include self.html %}\n",
    "_posts/2024-05-03-grow.md": "---\ntitle: Grow\n---\n{% assign s = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}{{ s | size }}\n",
    "_posts/2024-05-04-broken.md": "---\ntitle: Broken\n---\n{% if x %}open {{ 'a' | nofilter: }} {% include missing.html %}\n",
    "_drafts/later.md": "---\ntitle: Later\n---\nHush.\n",
    "_boats/anna.md": "---\ntitle: Anna\n---\nA boat.\n",
    "_hidden/x.md": "---\ntitle: X\n---\nNever shown.\n",
    "_includes/note.html": "<aside class=\"note\"><b>{{ include.title }}</b> {{ include.text }}</aside>",
    "_includes/self.html": "{% include self.html %}",
    "_data/contact.yml": "phone: 12 34\n",
    "_layouts/default.html": "{{ content }}",
    "assets/gauge.png": PICTURE,
    "moved.md": "---\ntitle: Moved\nredirect_to: /about/\npermalink: /moved/\n---\n",
}  # fmt: skip

OLD_ADDRESSES = """/ /about/ /who/ /list.html /sea/2024/03/01/high-tide.html /2024/04/02/storm.html /old/2020/01/02/second.html /2024/05/01/loop.html /2024/05/02/self.html
/2024/05/03/grow.html /2024/05/04/broken.html /boats/anna/ /assets/gauge.png /moved/ /page2/ /page3/ /feed.xml /sitemap.xml""".split()
