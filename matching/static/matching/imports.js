/* The pages of imports: how far an upload and an import have come. Without it both work, and say it when the
 * page is loaded again. */
"use strict";
{
    const progress = document.getElementById("import-progress");
    if (progress) {
        const bar = progress.querySelector("progress");
        const words = progress.querySelector("[role=status]");
        const look = async () => {
            try {
                const response = await fetch(progress.dataset.address, {headers: {Accept: "application/json"}});
                if (response.ok && !response.redirected) {
                    const found = await response.json();
                    if (!found.is_open) {
                        location.reload();
                        return;
                    }
                    if (found.share !== null) bar.value = found.share;
                    if (words.textContent !== found.words) words.textContent = found.words;
                }
            } catch {
                // The service is restarting, perhaps: look again.
            }
            setTimeout(look, document.hidden ? 10000 : 1500);
        };
        setTimeout(look, 1000);
    }

    const form = document.getElementById("import-upload");
    if (form) {
        const problem = document.getElementById("import-problem");
        const sending = document.getElementById("import-sending");
        const button = form.querySelector("[type=submit]");
        const refuse = (sentences) => {
            problem.textContent = sentences.join(" ");
            problem.hidden = false;
            sending.hidden = true;
            button.disabled = false;
            problem.focus();
        };
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            const file = form.elements.file.files[0];
            if (file && file.size > Number(form.dataset.maxBytes)) {
                refuse([form.dataset.tooLarge]);
                return;
            }
            const request = new XMLHttpRequest();
            request.open("POST", form.action);
            request.setRequestHeader("Accept", "application/json");
            request.responseType = "json";
            request.upload.addEventListener("progress", ({loaded, total}) => {
                sending.querySelector("progress").value = loaded / total;
                sending.querySelector("span").textContent =
                    loaded < total ? `${Math.floor(100 * loaded / total)} %` : "Looking at the file…";
            });
            request.addEventListener("load", () => {
                if (request.response?.page) location.assign(request.response.page);
                else refuse(request.response?.problems ?? ["Something went wrong. Load this page again."]);
            });
            request.addEventListener("error", () => refuse(["The upload broke off. Nothing was kept; try again."]));
            problem.hidden = true;
            sending.hidden = false;
            button.disabled = true;
            request.send(new FormData(form));
        });
    }
}
