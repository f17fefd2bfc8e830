/// The page's looks: colours by name, light and dark; Okabe and Ito's, those that stand out on each ground.
package enum ReportStyle {
  /// A theme's colours, as CSS names them.
  package static let light: [(name: String, colour: UInt32)] = [
    ("bg", 0xFFFFFF), ("fg", 0x1A1A1A), ("soft", 0x555555), ("line", 0x767676), ("grid", 0xD8D8D8),
    ("card", 0xF4F5F7),
    ("link", 0x0059A3), ("c0", 0x0072B2), ("c1", 0xD55E00), ("c2", 0x00805C), ("c3", 0xA8427F),
    ("cell", 0x0072B2),
  ]
  package static let dark: [(name: String, colour: UInt32)] = [
    ("bg", 0x14161A), ("fg", 0xECECEC), ("soft", 0xB4B8C0), ("line", 0x8B909A), ("grid", 0x3A3E46),
    ("card", 0x1E2127),
    ("link", 0x7CC4F5), ("c0", 0x56B4E9), ("c1", 0xE69F00), ("c2", 0x2CBF93), ("c3", 0xE08FBF),
    ("cell", 0x56B4E9),
  ]

  private static func variables(_ theme: [(name: String, colour: UInt32)]) -> String {
    theme.map { name, colour in
      let digits = String(colour, radix: 16, uppercase: false)
      return "--\(name):#\(String(repeating: "0", count: 6 - digits.count))\(digits);"
    }.joined()
  }

  static let css = """
    :root{color-scheme:light dark;\(variables(light))}
    @media(prefers-color-scheme:dark){:root{\(variables(dark))}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
    main,header{max-width:1400px;margin:0 auto;padding:0 1rem}
    a{color:var(--link)}
    .skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--bg);padding:.5rem}
    :focus-visible{outline:3px solid var(--link);outline-offset:2px}
    h1{font-size:1.4rem;margin:.8rem 0 .2rem}h2{font-size:1.2rem;display:inline}h3{font-size:1rem;margin:1.2rem 0 .4rem}
    nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:0;margin:.4rem 0}
    nav a{display:inline-block;padding:.2rem 0;min-height:24px}
    .section{border-top:1px solid var(--grid);padding:.7rem 0}
    .section>summary{cursor:pointer;padding:.3rem 0}
    .lead{font-size:1.15rem;max-width:70ch}p,ul{max-width:90ch}
    .note{color:var(--soft);font-size:.9rem}
    .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:.6rem;margin:.6rem 0}
    .tile{background:var(--card);padding:.6rem .8rem;border-radius:6px}.tile b{display:block;font-size:1.4rem}
    .tile span{color:var(--soft);font-size:.85rem}
    .panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,380px),1fr));gap:1rem}
    figure{margin:0}.panel{background:var(--card);border-radius:6px;padding:.6rem}
    figcaption{font-weight:600;font-size:.9rem;display:flex;justify-content:space-between;gap:.5rem;flex-wrap:wrap}
    .toggle{font-weight:400}.toggle input{width:1rem;height:1rem;vertical-align:-2px}
    svg.chart{width:100%;height:auto;display:block}svg text{fill:var(--fg);font-size:12px}
    .tick{fill:var(--soft)}.mid{text-anchor:middle}.end{text-anchor:end}
    .grid{stroke:var(--grid);stroke-width:1}
    polyline,path.s0,path.s1,path.s2,path.s3{fill:none;stroke-width:2;stroke-linejoin:round}
    .s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
    .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
    .best{fill:none;stroke:var(--fg);stroke-width:1.5}
    .log{display:none}.panel:has(.lg:checked) .lin{display:none}.panel:has(.lg:checked) .log{display:inline}
    .cursor{stroke:var(--fg);stroke-width:1;display:none}
    .legend{list-style:none;padding:0;margin:.2rem 0;display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.85rem}
    .key{width:28px;height:8px}output{font-variant-numeric:tabular-nums;color:var(--soft)}
    table{border-collapse:collapse;width:100%;max-width:1000px;font-size:.88rem;margin:.4rem 0}
    caption{text-align:left;font-weight:600;padding:.3rem 0}
    th,td{padding:.2rem .4rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:middle}
    th[scope=row]{font-weight:400}.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
    thead th{vertical-align:bottom;overflow-wrap:normal;border-bottom:1px solid var(--line)}
    thead th bdi{overflow-wrap:anywhere}
    th button{font:inherit;font-weight:600;color:inherit;background:none;border:0;padding:.2rem 0;min-height:24px;cursor:pointer;text-align:inherit}
    th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
    .bars{max-width:640px;align-self:start}.bars td:last-child{width:45%}
    .bar{display:block;height:.8rem;background:var(--c0);min-width:1px}
    .pr{width:64px;height:28px;display:block}.pr path{fill:none;stroke:var(--c0);stroke-width:2}.pr rect{fill:none;stroke:var(--line)}
    .sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    .matrix{width:100%;height:auto;max-width:780px}.matrix text{font-size:11px}.matrix rect{fill:var(--cell);stroke:var(--grid)}
    .matrix a:focus-visible rect{stroke:var(--fg);stroke-width:3}.matrix .zero{fill:var(--card)}
    .matrix .on{fill:var(--bg);font-weight:600}
    button.do,.controls select,.controls input{font:inherit;min-height:32px;background:var(--card);color:var(--fg);border:1px solid var(--line);border-radius:4px;padding:.2rem .7rem}
    .controls{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;margin:.5rem 0}
    pre{background:var(--card);padding:.6rem;border-radius:6px;white-space:pre-wrap;font-size:.85rem;margin:.4rem 0}
    dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.1rem 1rem;margin:.4rem 0}dt{color:var(--soft)}dd{margin:0}
    .gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:1rem}
    .picture{background:var(--card);border-radius:6px;padding:.5rem}.picture figcaption{display:block;font-weight:400;font-size:.85rem}
    .view{position:relative;overflow:hidden}.view img{display:block;width:100%;height:auto}
    .view svg{position:absolute;inset:0;width:100%;height:100%}
    .view text{font-size:inherit;font-weight:600;fill:#fff;stroke:#000;stroke-width:.2em;paint-order:stroke}
    .o{fill:none;stroke-width:2.5;vector-effect:non-scaling-stroke}.h{fill:none;stroke:#000;stroke-width:5;vector-effect:non-scaling-stroke;opacity:.55}
    .right{stroke:#56b4e9}.vain{stroke:#e69f00;stroke-dasharray:8 4}.swapped{stroke:#f0e442;stroke-dasharray:9 3 2 3}.missed{stroke:#fff;stroke-dasharray:2 4}.truth{stroke:#fff;stroke-dasharray:2 4}
    .m{stroke:none;fill-rule:evenodd;fill-opacity:.35}.m.right{fill:#56b4e9}.m.vain{fill:#e69f00}.m.swapped{fill:#f0e442}.m.truth{fill:#fff;fill-opacity:.25}
    .c{stroke:none;fill-rule:evenodd;fill-opacity:.5}.w{fill:#d55e00;fill-opacity:.75;fill-rule:evenodd;stroke:none}
    .low{display:none}.lt,.lw{display:none}
    .gallery.t .lt,.gallery.w .lw{display:inline}.gallery.hidep .lp,.gallery.d .okay{display:none}
    .swatch{display:inline-block;width:.8rem;height:.8rem;border:1px solid var(--line);vertical-align:-1px}
    @media(max-width:640px){.x{display:none}th,td{padding:.2rem .25rem}dl{grid-template-columns:1fr}dt{margin-top:.3rem}body{font-size:15px}}
    @media(prefers-reduced-motion:reduce){*{scroll-behavior:auto!important;transition:none!important}}
    @media print{.controls,nav,.skip,button{display:none}.section{break-inside:auto}.picture,.panel{break-inside:avoid}}
    """
}
