using System.Xml;

namespace Becket.Objects.S3;

/// <summary>How answers in XML are read: no DTDs, nothing fetched, element by element.</summary>
internal static class S3Xml
{
    /// <summary>Characters are not checked: stores put keys into listings that XML 1.0 does not allow.</summary>
    public static XmlReaderSettings Settings { get; } = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        MaxCharactersInDocument = 16 * 1024 * 1024,
    };

    /// <summary>
    /// The text of the element that the reader stands on, without that of elements in it. Moves behind its end.
    /// </summary>
    public static string ReadText(XmlReader reader)
    {
        var (text, depth) = ("", reader.Depth);
        var isEmpty = reader.IsEmptyElement;
        reader.Read();
        if (isEmpty)
            return text;

        for (; reader.Depth > depth; reader.Read())
        {
            if (reader.Depth == depth + 1 && reader.HasValue)
                text += reader.Value;
        }

        reader.Read(); // the end of the element
        return text;
    }
}
