import Files
import Foundation

/// What makes the page easier to use; all that it tells is there without it.
enum ReportScript {
  /// As `Content-Security-Policy` names it.
  static var digest: String {
    var hash = SHA256()
    hash.update(source.utf8)
    let digits = Array(hash.finished())
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    return "sha256-" + Data(bytes).base64EncodedString()
  }

  static let source = """
    'use strict';
    const all=(s,e=document)=>[...e.querySelectorAll(s)];
    const make=(t,p={},...k)=>{const e=Object.assign(document.createElement(t),p);e.append(...k);return e};
    // Tables: sorting and a filter.
    for(const t of all('table.sorted')){
      const body=t.tBodies[0],heads=all('thead th',t);
      heads.forEach((h,i)=>{
        const b=make('button',{type:'button'});b.append(...h.childNodes);h.append(b);
        b.onclick=()=>{
          const up=h.getAttribute('aria-sort')==='descending'||(!h.hasAttribute('aria-sort')&&!h.classList.contains('n'));
          heads.forEach(o=>o.removeAttribute('aria-sort'));
          h.setAttribute('aria-sort',up?'ascending':'descending');
          const key=r=>{const x=r.cells[i].textContent.trim();return h.classList.contains('n')?(isNaN(parseFloat(x))?-Infinity:parseFloat(x)):x.toLowerCase()};
          const rows=[...body.rows].map(r=>[key(r),r]);
          rows.sort((a,b)=>(a[0]<b[0]?-1:a[0]>b[0]?1:0)*(up?1:-1));
          body.append(...rows.map(r=>r[1]));
        };
      });
      if(body.rows.length>8){
        const box=make('input',{type:'search'}),says=make('output');
        box.oninput=()=>{let n=0;for(const r of body.rows){const on=r.cells[0].textContent.toLowerCase().includes(box.value.toLowerCase());r.hidden=!on;n+=on}says.textContent=box.value?n+' rows':''};
        t.before(make('div',{className:'controls'},make('label',{},'Filter: ',box),says));
      }
    }
    // Charts: one cursor reads all.
    const L=50,W=360,T=10,H=180,charts=all('svg.chart');
    const sig=v=>v===0?'0':Math.abs(v)>=1e6||Math.abs(v)<1e-3?v.toExponential(2):String(+v.toPrecision(4));
    const point=(c,share)=>{
      const g=c.closest('.panel'),group=c.dataset.x,log=g.querySelector('.lg')?.checked;
      for(const o of charts.filter(o=>o.dataset.x===group)){
        const lg=o.closest('.panel').querySelector('.lg')?.checked,line=o.querySelector('.cursor');
        const x=L+share*W;line.setAttribute('x1',x);line.setAttribute('x2',x);line.style.display='inline';
        const outs=all('.legend output',o.closest('.panel'));
        for(const p of all((o.querySelector('.lin')?(lg?'.log ':'.lin '):'')+'polyline',o)){
          let best=null,d=1e9;
          for(const q of p.points){const e=Math.abs(q.x-x);if(e<d){d=e;best=q}}
          const y=p.dataset.y.split(',').map(Number),e=o.dataset.x.split(',').map(Number);
          if(!best||!outs[p.dataset.k])continue;
          let v=y[0]+(1-(best.y-T)/H)*(y[1]-y[0]);if(y[2])v=10**v;
          outs[p.dataset.k].textContent=sig(v)+' at '+sig(e[0]+(best.x-L)/W*(e[1]-e[0]));
        }
      }
    };
    for(const c of charts){
      c.tabIndex=0;let at=1;
      c.onpointermove=e=>{const r=c.getBoundingClientRect();at=Math.min(1,Math.max(0,((e.clientX-r.left)/r.width*420-L)/W));point(c,at)};
      c.onkeydown=e=>{const s={ArrowLeft:-.02,ArrowRight:.02}[e.key];if(s){e.preventDefault();at=Math.min(1,Math.max(0,at+s));point(c,at)}};
    }
    // The gallery: which pictures, which layers, from which score.
    const g=document.querySelector('.gallery');
    if(g){
      const figs=all('.picture',g),says=make('output');
      let kind='',pair='';
      const show=()=>{
        let n=0;
        for(const f of figs){const on=(!kind||f.dataset.kinds.split(' ').includes(kind))&&(!pair||f.dataset.pairs.split(' ').includes(pair));f.hidden=!on;n+=on}
        says.textContent=n+' of '+figs.length+' pictures'+(pair?', only those of the chosen cell':'');
      };
      const pick=make('select');
      for(const [v,t] of [['','all'],['worst','the worst'],['random','drawn at random'],['best','the best']])pick.append(new Option(t,v));
      pick.onchange=()=>{kind=pick.value;pair='';show()};
      const bar=make('div',{className:'controls'},make('label',{},'Pictures: ',pick));
      const layer=(text,cls,on,flip)=>{const b=make('input',{type:'checkbox',checked:on});const set=()=>g.classList.toggle(cls,flip?!b.checked:b.checked);b.onchange=set;set();bar.append(make('label',{},b,' '+text))};
      layer('prediction','hidep',true,true);layer('truth','t',false,false);
      if(g.querySelector('.okay'))layer('only what differs','d',false,false);
      if(g.querySelector('.lw'))layer('what differs','w',false,false);
      if(g.querySelector('[data-s]')){
        const r=make('input',{type:'range',min:g.dataset.least,max:1,step:.01,value:g.dataset.from}),o=make('output');
        const set=()=>{o.textContent=' '+(+r.value).toFixed(2);for(const e of all('[data-s]',g)){e.style.display=+e.dataset.s>=+r.value?'inline':'none'}};
        r.oninput=set;set();bar.append(make('label',{},'Score from ',r),o);
      }
      const every=make('button',{type:'button',className:'do',textContent:'Show all'});
      every.onclick=()=>{kind=pair=pick.value='';show()};
      bar.append(every,says);g.before(bar);show();
      g.onkeydown=e=>{
        const on=figs.filter(f=>!f.hidden),i=on.indexOf(document.activeElement),s={ArrowLeft:-1,ArrowUp:-1,ArrowRight:1,ArrowDown:1}[e.key];
        if(i<0||!s)return;e.preventDefault();on[Math.min(on.length-1,Math.max(0,i+s))].focus();
      };
      for(const a of all('a[data-pair]'))a.onclick=()=>{kind=pick.value='';pair=a.dataset.pair;show();document.getElementById('pictures').open=true};
    }
    for(const p of all('pre.copy')){
      const b=make('button',{type:'button',className:'do',textContent:'Copy'}),o=make('output');
      b.onclick=()=>{const done=()=>{o.textContent=' copied'},all=()=>{getSelection().selectAllChildren(p);o.textContent=' selected: press Ctrl+C'};
        navigator.clipboard?navigator.clipboard.writeText(p.textContent).then(done,all):all()};
      p.after(b,o);
    }
    """
}
