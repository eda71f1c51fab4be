// Set before everything else on the page: hears of every request that is refused and of every error.
const refused = [], errors = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
window.addEventListener("error", (event) => errors.push(String(event.message)));

// Once the page is loaded: clicks every column's head twice, and leaves what is to be seen in the title, as JSON.
window.addEventListener("load", () => {
  const shown = (cell) => cell.dataset.value ?? cell.textContent.trim();
  const sorted = [...document.querySelectorAll("table.sortable")].map((table) =>
    [...table.tHead.rows[0].cells].map((head, place) => {
      const click = () => {
        head.click();
        return [[...table.tBodies[0].rows].map((row) => shown(row.cells[place])), head.getAttribute("aria-sort")];
      };
      const [up, upMark] = click();
      const [down, downMark] = click();
      return { number: head.dataset.kind === "number", up, upMark, down, downMark };
    }));
  const images = [...document.images];
  const style = getComputedStyle(document.body);
  const requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  document.title = JSON.stringify({
    text: document.body.innerText,
    images: images.map((image) => (
      { width: image.naturalWidth, shown: image.getBoundingClientRect().width, alt: image.alt })),
    sorted, refused, errors,
    requests: requests.filter((name) => !name.startsWith("data:")),
    dark: images.map((image) => image.currentSrc !== image.src),
    width: document.documentElement.scrollWidth,
    view: window.innerWidth,
    ground: style.backgroundColor,
    ink: style.color,
  });
});
