"""What customers are written, in the languages they speak: which one, says their field `language`, or their number."""

from __future__ import annotations

from dealwright import Button, Template

does_it_fit = Template(
    "does_it_fit",
    body={
        "en": "Hello {{ contact.first_name or 'there' }}, you have our quote for {{ deal.title }}. Does it fit?",
        "es": "Hola {{ contact.first_name or 'qué tal' }}, ya tiene nuestra oferta para {{ deal.title }}. ¿Le va bien?",
    },
    buttons=[Button("yes", {"en": "Yes", "es": "Sí"}), Button("price", {"en": "Price", "es": "Precio"})],
    category="utility",
)
