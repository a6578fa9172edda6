using System.Globalization;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Operations;

/// <summary>A number in a query, such as <c>max-keys</c>.</summary>
internal static class QueryNumber
{
    /// <param name="request">The request.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="otherwise">The value where the parameter is missing or empty.</param>
    /// <param name="maximum">Larger values count as this one.</param>
    /// <exception cref="S3Exception">InvalidArgument: it is no number, or a negative one.</exception>
    public static int Of(S3Request request, string name, int otherwise, int maximum)
    {
        if (request.Query[name] is not { Length: > 0 } text)
            return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Math.Min(number, maximum)
            : throw S3Error.InvalidArgument.Because($"Provided {name} not an integer or within integer range")
                .With("ArgumentName", name).With("ArgumentValue", text);
    }
}
