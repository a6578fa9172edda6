using Becket.Objects.Http;
using Becket.Objects.S3;
using Becket.Tests.Objects.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Objects.S3;

/// <summary>A store of the bucket "bucket" over a server that answers byte for byte what a test writes.</summary>
internal static class S3Loopback
{
    public static readonly S3Credentials Credentials =
        new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: null);

    public static readonly HttpMessageInvoker Http = HttpTransport.Create(new HttpTransportOptions());

    public static S3ObjectStore Store(
        RawHttpServer server,
        Func<S3Options, S3Options>? options = null,
        IS3CredentialSource? credentials = null,
        TimeProvider? time = null)
    {
        var given = new S3Options { Bucket = "bucket", EndpointUrl = server.Url("/") };
        return new S3ObjectStore(
            options?.Invoke(given) ?? given,
            credentials ?? new FixedCredentials(Credentials),
            Http,
            time ?? TimeProvider.System,
            NullLogger.Instance);
    }

    /// <summary>An answer that closes its connection, so that no test waits for the end of a keep-alive.</summary>
    public static string Answer(string status, string headers = "", string body = "") =>
        Text(status, headers, body.ReplaceLineEndings("\r\n"));

    private static string Text(string status, string headers, string body) =>
        $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n"
        + $"{(headers.Length > 0 ? headers + "\r\n" : "")}\r\n{body}";

    public static string Error(string status, string code, string message = "", string elements = "", string headers = "") =>
        Answer(
            status,
            headers,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + $"<Error><Code>{code}</Code><Message>{message}</Message>{elements}</Error>");

    /// <summary>A server that gives these answers, one after the other, and the last one ever after.</summary>
    public static RawHttpServer InTurn(params string[] answers)
    {
        var next = -1;
        return new RawHttpServer(async (request, connection) =>
        {
            var answer = answers[Math.Min(Interlocked.Increment(ref next), answers.Length - 1)];
            if (request.Method == "HEAD")
                answer = answer[..(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)];
            await connection.SendAsync(answer);
            connection.Close();
        });
    }
}
