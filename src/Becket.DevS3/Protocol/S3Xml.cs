using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Protocol;

/// <summary>
/// The XML documents that S3 sends and takes. A document is built in memory and sent with its length; none of them is
/// larger than a page of a thousand keys.
/// </summary>
internal static class S3Xml
{
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    // Keys may hold characters that XML cannot; S3 sends them as character references all the same.
    private static readonly XmlWriterSettings Writing = new() { Encoding = new UTF8Encoding(false), CheckCharacters = false };
    private static readonly XmlReaderSettings Reading = new() { DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = false };

    /// <summary>Sends a result: a root element in S3's namespace with what <paramref name="content"/> writes into it.</summary>
    public static Task SendAsync(S3Request request, string root, Action<XmlWriter> content) =>
        SendAsync(request.Http.Response, StatusCodes.Status200OK, root, Namespace, content);

    /// <summary>Sends an error; errors have no namespace, and none of their body for HEAD.</summary>
    public static Task SendErrorAsync(HttpContext http, S3Exception exception, string resource, string requestId)
    {
        HttpResponse response = http.Response;
        foreach ((string name, string value) in exception.Headers)
            response.Headers[name] = value;

        if (HttpMethods.IsHead(http.Request.Method))
        {
            response.StatusCode = exception.Error.Status;
            return Task.CompletedTask;
        }

        return SendAsync(response, exception.Error.Status, "Error", "", xml =>
        {
            xml.WriteElementString("Code", exception.Error.Code);
            xml.WriteElementString("Message", exception.Error.Message);
            foreach ((string name, string value) in exception.Elements)
                xml.WriteElementString(name, value);
            xml.WriteElementString("Resource", resource);
            xml.WriteElementString("RequestId", requestId);
        });
    }

    public static void WriteNumber(this XmlWriter xml, string element, long value) =>
        xml.WriteElementString(element, value.ToString(CultureInfo.InvariantCulture));

    public static void WriteTime(this XmlWriter xml, string element, DateTimeOffset time) =>
        xml.WriteElementString(element, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));

    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static XElement Read(Stream body, string root)
    {
        try
        {
            using var reader = XmlReader.Create(body, Reading);
            var document = XDocument.Load(reader);
            return document.Root is { } element && element.Name.LocalName == root ? element : throw S3Error.MalformedXml.ToException();
        }
        catch (XmlException e)
        {
            throw S3Error.MalformedXml.Because($"The XML you provided was not well-formed: {e.Message}");
        }
    }

    /// <summary>The text of a child, in whatever namespace: clients send S3's, an older one, or none.</summary>
    public static string? Child(this XElement parent, string name) =>
        parent.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;

    private static async Task SendAsync(HttpResponse response, int status, string root, string xmlNamespace, Action<XmlWriter> content)
    {
        using var document = new MemoryStream();
        using (var xml = XmlWriter.Create(document, Writing))
        {
            xml.WriteStartElement(root, xmlNamespace);
            content(xml);
            xml.WriteEndElement();
        }

        response.StatusCode = status;
        response.ContentType = "application/xml";
        response.ContentLength = document.Length;
        await response.Body.WriteAsync(document.GetBuffer().AsMemory(0, (int)document.Length), response.HttpContext.RequestAborted);
    }
}
