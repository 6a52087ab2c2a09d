"""Nouns that end like a participle, in Spanish and Portuguese: `llamada`, `pedido`, `entrada`, `dúvida`."""

from __future__ import annotations

from typing import Final

from dealwright.compile.naming.words import word_set

NOUNS: Final = word_set(
    """
    abogada abogado acompañado advogada advogado agregado aliado alojado amada apelido apellido bajada bebida
    bem-vindo bienvenida camada candidata candidato caída certificado chamada chamadas chamado comida
    consolidado contenido conteúdo convidado corrida cuidado cuñado delegada delegado demanda despedida diputado
    divida doutorado duvida duvidas dívida dívidas dúvida dúvidas empleada empleado empregado encargada
    encargado encarregado entrada entradas escada escalada estado estados estrada fachada feriado grado helada
    helado herida invitada invitado jornada jurado juzgado lado legado licenciado listado llamada llamadas
    llegada madrugada medida medidas mercado mestrado mirada parada partida partido pasada pedido pedidos picada
    portada pousada primado recado recorrido posgrado resultado resultados retirada rodada ruido salida salidas saída
    saídas sentido soldado sortido sábado temporada torcida tratado vestido vida visto vistos
    """
)

_PERSONS: Final = word_set("convidada convidado encargada encargado encarregada encarregado invitada invitado")
_BEFORE_NOUNS: Final = word_set(
    "nova novo nueva nuevo otra otro outra outro próxima próximo segunda segundo última último"
)


def is_noun(word: str, before: str) -> bool:
    """Say whether the word is a noun where it stands: who is `encargado` is, what was (`Gafas encargadas`) not."""
    one = word.removesuffix("s")
    if word not in NOUNS and one not in NOUNS:
        return False
    return not (one in _PERSONS and before != "" and before not in _BEFORE_NOUNS)
