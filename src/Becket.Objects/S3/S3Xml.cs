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
    /// The text of the element that the reader stands on, or "" where it holds other elements. Moves behind its end.
    /// </summary>
    public static string ReadText(XmlReader reader)
    {
        var text = "";
        using (var element = reader.ReadSubtree())
        {
            element.Read();
            if (!element.IsEmptyElement)
            {
                element.Read();
                if (element.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
                    text = element.ReadContentAsString();
            }
        }

        reader.Read(); // the subtree leaves the reader on the end of the element
        return text;
    }
}
