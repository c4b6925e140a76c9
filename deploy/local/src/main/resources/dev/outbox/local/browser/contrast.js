// Contrast as WCAG 2.2 defines it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});

// Any colour that CSS knows, as red, green, blue and alpha.
const parse = colour => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return {red, green, blue, alpha: alpha / 255};
};

const over = (top, bottom) => {
  const mix = channel => top[channel] * top.alpha + bottom[channel] * (1 - top.alpha);
  return {red: mix('red'), green: mix('green'), blue: mix('blue'), alpha: 1};
};

const luminance = colour => {
  const linear = channel => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
};

const dark = matchMedia('(prefers-color-scheme: dark)').matches
  && getComputedStyle(document.documentElement).colorScheme.includes('dark');
const paper = parse(dark ? '#121212' : '#ffffff');

// The colour behind an element, or null when a picture or gradient is there.
const behind = element => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== 'none') {
      return null;
    }
    layers.push(parse(style.backgroundColor));
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), paper);
};

const hasOwnText = element =>
  [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');

const low = [];
for (const element of document.body.querySelectorAll('*')) {
  if (!hasOwnText(element) || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})
      || element.matches(':disabled') || element.closest('[aria-hidden=true], :disabled')) {
    continue;
  }
  const background = behind(element);
  if (background === null) {
    continue;
  }
  const style = getComputedStyle(element);
  const text = over(parse(style.color), background);
  const [light, shade] = [luminance(text), luminance(background)].sort((a, b) => b - a);
  const ratio = (light + 0.05) / (shade + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (large ? 3 : 4.5)) {
    low.push(`${ratio.toFixed(2)} "${element.textContent.trim().slice(0, 40)}" ${element.tagName.toLowerCase()}`
      + `.${element.className} ${style.color} on rgb(${Object.values(background).slice(0, 3).map(Math.round)})`);
  }
}
return low;
