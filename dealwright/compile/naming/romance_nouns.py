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
