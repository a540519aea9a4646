// Marks of the gauges: each stage its own shape, drawn here so that no image is fetched.
const SIZE = 56; // pixels at ratio 2: 28 px on the map
const MARKS = {
  "stage-0": { shape: "circle", fill: "#fff", line: "#4d4d4d", radius: 12 },
  "stage-1": { shape: "circle", fill: "#3460fb", line: "#fff", radius: 16, text: "1", ink: "#fff" },
  "stage-2": { shape: "triangle", fill: "#f2e700", line: "#1a1a1a", radius: 25, text: "2", ink: "#1a1a1a" },
  "stage-3": { shape: "diamond", fill: "#aa00aa", line: "#fff", radius: 26, text: "3", ink: "#fff" },
  none: { shape: "square", fill: "#c8c8cb", line: "#4d4d4d", radius: 11 },
  late: { shape: "circle", fill: "#c8c8cb", line: "#4d4d4d", radius: 12 },
  rain: { shape: "drop", fill: "#0877d7", line: "#fff", radius: 15 },
  underpass: { shape: "square", fill: "#fff", line: "#1a1a1a", radius: 16, text: "▽", ink: "#1a1a1a" },
  "underpass-dry": { shape: "square", fill: "#fff", line: "#1a1a1a", radius: 16, text: "▽", ink: "#1a1a1a" },
  "underpass-water": { shape: "square", fill: "#0877d7", line: "#fff", radius: 18, text: "▽", ink: "#fff" },
  "underpass-closed_road": { shape: "square", fill: "#1a1a1a", line: "#fff", radius: 20, text: "×", ink: "#fff" },
  shelter: { shape: "house", fill: "#c8c8cb", line: "#4d4d4d", radius: 16 },
  "shelter-closed": { shape: "house", fill: "#fff", line: "#4d4d4d", radius: 16 },
  "shelter-open": { shape: "house", fill: "#0055ad", line: "#fff", radius: 19 },
  "shelter-full": { shape: "house", fill: "#1a1a1a", line: "#fff", radius: 19, text: "満", ink: "#fff" },
  camera: { shape: "square", fill: "#767676", line: "#fff", radius: 13, text: "●", ink: "#fff" },
  "camera-image": { shape: "square", fill: "#414d79", line: "#fff", radius: 15, text: "●", ink: "#fff" },
  tide: { shape: "wave", fill: "#008299", line: "#fff", radius: 15 },
};

function outline(context, shape, radius) {
  const middle = SIZE / 2;
  const corners = {
    triangle: [[0, -1], [0.95, 0.75], [-0.95, 0.75]],
    diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
    square: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
    house: [[0, -1], [1, -0.1], [0.75, -0.1], [0.75, 0.9], [-0.75, 0.9], [-0.75, -0.1], [-1, -0.1]],
    wave: [[-1, -0.6], [1, -0.6], [1, 0.6], [-1, 0.6]],
  }[shape];
  context.beginPath();
  if (shape === "drop") {
    context.moveTo(middle, middle - radius * 1.3);
    context.quadraticCurveTo(middle + radius * 1.2, middle, middle + radius * 0.8, middle + radius * 0.5);
    context.arc(middle, middle + radius * 0.3, radius * 0.85, 0.25, Math.PI - 0.25);
    context.quadraticCurveTo(middle - radius * 1.2, middle, middle, middle - radius * 1.3);
  } else if (corners) {
    corners.forEach(([x, y], index) =>
      context[index ? "lineTo" : "moveTo"](middle + x * radius, middle + y * radius),
    );
  } else {
    context.arc(middle, middle, radius, 0, 2 * Math.PI);
  }
  context.closePath();
}

function drawMark({ shape, fill, line, radius, text, ink }) {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE;
  const context = canvas.getContext("2d");
  outline(context, shape, radius);
  context.fillStyle = fill;
  context.strokeStyle = line;
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.fill();
  context.stroke();
  if (text) {
    context.fillStyle = ink;
    context.font = `bold ${shape === "circle" ? 22 : 24}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, SIZE / 2, SIZE / 2 + (shape === "triangle" ? 5 : 1));
  }
  return context.getImageData(0, 0, SIZE, SIZE);
}

export function addIcons(map) {
  for (const [name, mark] of Object.entries(MARKS)) {
    map.addImage(name, drawMark(mark), { pixelRatio: 2 });
  }
}
