"use strict";
// What styles alone cannot do on the admin's pages; each works without it.

// Filters fold away where they would stand over the list (admin.css has the same width).
for (const filters of document.querySelectorAll("details.filters")) {
    filters.open = !matchMedia("(max-width: 1024px)").matches;
}

// A box with a search inside (Select2) replaces a field: it takes the name of the field's label. jQuery makes
// the boxes when the page is ready, and calls this after that.
window.django?.jQuery?.(() => {
    for (const field of document.querySelectorAll("select.select2-hidden-accessible")) {
        const box = field.parentElement.querySelector("[role=combobox]");
        const label = field.labels[0];
        for (const part of box && label ? [box, box.querySelector("[role=textbox]")] : []) {
            part?.setAttribute("aria-label", label.textContent.trim());
            part?.removeAttribute("aria-labelledby");
        }
    }
});
