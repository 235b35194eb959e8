/* SPDX-License-Identifier: MIT */
/* A CPython module whose keep() forgets Py_DECREF, and whose drop() does not. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *keep(PyObject *self, PyObject *none)
{
	(void)self, (void)none;
	PyBytes_FromStringAndSize(NULL, 100);
	Py_RETURN_NONE;
}

static PyObject *drop(PyObject *self, PyObject *none)
{
	(void)self, (void)none;
	Py_DECREF(PyBytes_FromStringAndSize(NULL, 100));
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"keep", keep, METH_NOARGS, 0}, {"drop", drop, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "counted", 0, -1, methods, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit_counted(void)
{
	return PyModule_Create(&module);
}
