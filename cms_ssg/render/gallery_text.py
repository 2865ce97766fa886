"""The words of the gallery: one article with everything Markdown makes, titles long and short."""

from __future__ import annotations

from typing import Final

TITLES: Final = (
    "The coast that grows when you measure it",
    "Tide tables",
    "What the railway did to noon",
    "A map is an argument: twelve small lies that every good cartographer tells on purpose, and why",
    "Rain gauges of the Po valley",
    "Bridge, ferry, ford",
    "Letters from the lighthouse",
)

FEW_WORDS: Final = "Portugal measured the border a fifth longer than Spain did, and neither had made a mistake. "

ARTICLE: Final = """\
<p>In 1951 Lewis Fry Richardson compared what Spain and Portugal each said about the length of their shared border. Portugal, the smaller of the two, measured it <a href="https://example.org/">a fifth longer</a>. Neither had made a mistake.<sup><a href="#fn1" id="fnref1">1</a></sup></p>
<h2 id="how-long">How long is a coast</h2>
<p>A coast measured with a <em>hundred-kilometre</em> ruler skips its bays; with a <strong>one-metre</strong> ruler it follows every rock. <code>length(coast, step)</code> grows without end as the step shrinks, and so does averyveryverylongwordwithoutanyplacetobreakwhichmustnotpushthepageaside.</p>
<blockquote><p>Geographical curves are so involved in their detail that their lengths are often infinite or, rather, undefinable.</p></blockquote>
<h3 id="rulers">Rulers</h3>
<ul><li>The ruler of the map: 50 km</li><li>The ruler of the walker
<ol><li>a stride</li><li>a stone</li></ol></li></ul>
<figure><img src="/wide.svg" alt="The same coast at three scales"><figcaption>The same coast at three scales.</figcaption></figure>
<h2 id="code">In code</h2>
<pre><code class="language-python"><span class="kn">from</span><span class="w"> </span><span class="nn">math</span><span class="w"> </span><span class="kn">import</span> <span class="n">hypot</span>

<span class="k">def</span><span class="w"> </span><span class="nf">length</span><span class="p">(</span><span class="n">points</span><span class="p">:</span> <span class="nb">list</span><span class="p">[</span><span class="nb">tuple</span><span class="p">[</span><span class="nb">float</span><span class="p">,</span> <span class="nb">float</span><span class="p">]],</span> <span class="n">step</span><span class="p">:</span> <span class="nb">int</span> <span class="o">=</span> <span class="mi">1</span><span class="p">)</span> <span class="o">-&gt;</span> <span class="nb">float</span><span class="p">:</span>
<span class="w">    </span><span class="sd">&quot;&quot;&quot;How long the line is when every step-th point counts.&quot;&quot;&quot;</span>
    <span class="n">kept</span> <span class="o">=</span> <span class="n">points</span><span class="p">[::</span><span class="n">step</span><span class="p">]</span>  <span class="c1"># a coarser ruler</span>
    <span class="k">return</span> <span class="nb">sum</span><span class="p">(</span><span class="n">hypot</span><span class="p">(</span><span class="n">b</span><span class="p">[</span><span class="mi">0</span><span class="p">]</span> <span class="o">-</span> <span class="n">a</span><span class="p">[</span><span class="mi">0</span><span class="p">],</span> <span class="n">b</span><span class="p">[</span><span class="mi">1</span><span class="p">]</span> <span class="o">-</span> <span class="n">a</span><span class="p">[</span><span class="mi">1</span><span class="p">])</span> <span class="k">for</span> <span class="n">a</span><span class="p">,</span> <span class="n">b</span> <span class="ow">in</span> <span class="nb">zip</span><span class="p">(</span><span class="n">kept</span><span class="p">,</span> <span class="n">kept</span><span class="p">[</span><span class="mi">1</span><span class="p">:]))</span>

<span class="nb">print</span><span class="p">(</span><span class="sa">f</span><span class="s2">"</span><span class="si">{</span><span class="n">length</span><span class="p">(</span><span class="n">coast</span><span class="p">,</span><span class="w"> </span><span class="mi">8</span><span class="p">)</span><span class="si">:</span><span class="s2">.1f</span><span class="si">}</span><span class="s2"> km"</span><span class="p">,</span> <span class="mh">0x1F</span><span class="p">,</span> <span class="kc">None</span><span class="p">)</span>
</code></pre>
<h2 id="table">A table</h2>
<table><thead><tr><th>Coast</th><th>Ruler 100 km</th><th>Ruler 50 km</th><th>Ruler 10 km</th><th>Source</th></tr></thead><tbody>
<tr><td>Britain</td><td>2,800 km</td><td>3,400 km</td><td>8,200 km</td><td>Mandelbrot, 1967</td></tr>
<tr><td>Norway</td><td>2,650 km</td><td>3,900 km</td><td>13,500 km</td><td>Survey of 2011</td></tr></tbody></table>
<aside class="note tip"><p class="title">Tip</p><p>Measure with the ruler you will walk with.</p></aside>
<p class="video"><a href="#"><span aria-hidden="true">▶</span> A talk about coasts <small>YouTube</small></a></p>
<dl><dt>Fractal</dt><dd>A shape as rough up close as from afar.</dd></dl>
<hr>
<p>Press <kbd>Ctrl</kbd> + <kbd>P</kbd> and the page prints without its menus. <mark>Marked</mark>, <del>struck</del>, H<sub>2</sub>O.</p>
<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" checked disabled> Walk</li><li class="task-list-item"><input type="checkbox" disabled> Measure</li></ul>
<hr class="footnotes-sep">
<section class="footnotes"><ol class="footnotes-list"><li id="fn1" class="footnote-item"><p>Published only in 1961, after his death. <a href="#fnref1" class="footnote-backref">↩︎</a></p></li></ol></section>
"""
